// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/certificate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "libcore/base/hex.h"
#include "libcore/tls/errors.h"

namespace wstap::tls {
namespace {

constexpr UnixNs kSecond = 1'000'000'000;
// A common name holds at most 64 characters (RFC 5280 A.1, ub-common-name).
constexpr std::size_t kMaxCommonName = 64;

bool set_time(ASN1_TIME* field, UnixNs time) {
  return ASN1_TIME_set(field, static_cast<time_t>(time / kSecond)) != nullptr;
}

/// 127 random bits: positive, and not to be guessed (RFC 5280 4.1.2.2).
bool set_random_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
  const BignumPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509* certificate, const std::string& name) {
  if (name.empty() || name.size() > kMaxCommonName) return true;  // the alternative names carry it
  const auto* text = static_cast<const unsigned char*>(static_cast<const void*>(name.data()));
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, text,
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

/// Built as a structure rather than from text: names come from the network, and text would be parsed.
bool add_names(X509* certificate, const std::vector<std::string>& names) {
  const NamesPtr list(GENERAL_NAMES_new());
  for (const auto& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str())) {
      GENERAL_NAME_set0_value(entry, GEN_IPADD, address);
    } else {
      ASN1_IA5STRING* text = ASN1_IA5STRING_new();
      ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
      GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    }
    sk_GENERAL_NAME_push(list.get(), entry);
  }
  // Critical where the subject says nothing (RFC 5280 4.2.1.6).
  const int critical = X509_NAME_entry_count(X509_get_subject_name(certificate)) == 0 ? 1 : 0;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), critical, X509V3_ADD_DEFAULT) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
  if (request.is_ca)
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
         add_names(certificate, request.names);
}

std::string one_line(X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

/// The nearest there is: certificates may say 99991231235959Z for "never" (RFC 5280 4.1.2.5).
UnixNs to_unix_ns(const ASN1_TIME* time) {
  using Limits = std::numeric_limits<UnixNs>;
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return std::clamp<UnixNs>(timegm(&parts), Limits::min() / kSecond, Limits::max() / kSecond) * kSecond;
}

/// RFC 5952 for IPv6; empty for what is neither.
std::string ip_text(const ASN1_OCTET_STRING* address) {
  const int length = ASN1_STRING_length(address);
  if (length != 4 && length != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = length == 4 ? AF_INET : AF_INET6;
  return inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr ? ""
                                                                                                : text.data();
}

std::vector<std::string> alternative_names(X509* certificate) {
  std::vector<std::string> names;
  const NamesPtr list(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(list.get(), i);
    if (entry->type == GEN_DNS) {
      const auto length = static_cast<std::size_t>(ASN1_STRING_length(entry->d.dNSName));
      names.emplace_back(as_text(std::as_bytes(std::span(ASN1_STRING_get0_data(entry->d.dNSName), length))));
    } else if (entry->type == GEN_IPADD) {
      names.push_back(ip_text(entry->d.iPAddress));
    }
  }
  return names;
}

BioPtr open_file(const std::string& path) {
  return BioPtr(BIO_new_file(path.c_str(), "r"));
}

std::unexpected<Error> file_error(const std::string& path, const char* what) {
  const int number = errno;
  const auto reason = openssl_reason();
  return fail(Errc::bad_file,
              fmt::format("{}: {} ({})", path, what,
                          number == ENOENT || number == EACCES ? std::strerror(number) : reason));
}

}  // namespace

KeyPtr new_p256_key() {
  return KeyPtr(EVP_EC_gen("P-256"));
}

Result<X509Ptr> issue(const CertificateRequest& request, EVP_PKEY* subject_key, X509* issuer,
                      EVP_PKEY* issuer_key) {
  X509Ptr certificate(X509_new());
  X509* const raw = certificate.get();
  const bool made = raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1 && set_random_serial(raw) &&
                    set_time(X509_getm_notBefore(raw), request.not_before_ns) &&
                    set_time(X509_getm_notAfter(raw), request.not_after_ns) &&
                    X509_set_pubkey(raw, subject_key) == 1 && set_common_name(raw, request.common_name) &&
                    X509_set_issuer_name(raw, X509_get_subject_name(issuer != nullptr ? issuer : raw)) == 1 &&
                    add_extensions(raw, issuer != nullptr ? issuer : raw, request) &&
                    X509_sign(raw, issuer_key, EVP_sha256()) > 0;
  if (!made) return fail(Errc::openssl, "cannot issue a certificate: " + openssl_reason());
  return certificate;
}

CertificateFacts facts_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &length);
  CertificateFacts facts;
  facts.subject = one_line(X509_get_subject_name(certificate));
  facts.issuer = one_line(X509_get_issuer_name(certificate));
  facts.not_before_ns = to_unix_ns(X509_get0_notBefore(certificate));
  facts.not_after_ns = to_unix_ns(X509_get0_notAfter(certificate));
  facts.sha256 = to_hex(std::as_bytes(std::span(digest.data(), length)));
  facts.names = alternative_names(certificate);
  return facts;
}

UnixNs not_after_ns(const X509* certificate) {
  return to_unix_ns(X509_get0_notAfter(certificate));
}

std::string to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

Result<X509Ptr> certificate_from_pem(const std::string& path) {
  errno = 0;
  const BioPtr bio = open_file(path);
  X509Ptr certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return file_error(path, "not a readable PEM certificate");
  return certificate;
}

Result<KeyPtr> key_from_pem(const std::string& path) {
  errno = 0;
  const BioPtr bio = open_file(path);
  // Nobody is asked for a pass phrase: keys are to have none.
  const auto no_pass_phrase = [](char*, int, int, void*) { return -1; };
  KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr) : nullptr);
  if (!key && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ) {
    ERR_clear_error();
    return fail(Errc::bad_file, path + ": the key is encrypted (write it without a pass phrase)");
  }
  if (!key) return file_error(path, "not a readable PEM private key");
  return key;
}

}  // namespace wstap::tls

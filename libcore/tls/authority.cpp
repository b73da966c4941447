// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/authority.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "libcore/base/hex.h"
#include "libcore/tls/certificate.h"
#include "libcore/tls/errors.h"

namespace wstap::tls {

struct Authority::Parts {
  X509Ptr certificate;
  KeyPtr key;
};

namespace {

constexpr UnixNs kDay = 86'400LL * 1'000'000'000;
constexpr UnixNs kLifetime = 5 * 365 * kDay;

std::unexpected<Error> system_error(const std::string& path) {
  return fail(std::error_code(errno, std::generic_category()), path);
}

/// A descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  bool write_all(std::string_view text) const {
    while (!text.empty()) {
      const auto put = ::write(fd_, text.data(), text.size());
      if (put < 0 && errno != EINTR) return false;
      if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
    return ::fsync(fd_) == 0;
  }

 private:
  int fd_;
};

/// Written beside its place and renamed: nobody ever sees half a file.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  const File file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file || !file.write_all(text)) return system_error(temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error(path);
  return {};
}

std::string key_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string host_name() {
  std::array<char, 64> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// Names the machine, and the key, so that two authorities can be told apart in a trust store.
std::string common_name(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  std::array<unsigned char, 32> digest{};
  EVP_Digest(der, static_cast<std::size_t>(std::max(length, 0)), digest.data(), nullptr, EVP_sha256(),
             nullptr);
  OPENSSL_free(der);
  return fmt::format("wstap CA ({:.32}, {})", host_name(), to_hex(std::as_bytes(std::span(digest).first(4))));
}

Result<void> create(const std::string& certificate_path, const std::string& key_path, UnixNs now) {
  const KeyPtr key = new_p256_key();
  if (!key) return fail(Errc::openssl, "cannot make a key: " + openssl_reason());
  const CertificateRequest request{common_name(key.get()), {}, now - kDay, now + kLifetime, true};
  const auto certificate = issue(request, key.get(), nullptr, key.get());
  if (!certificate) return std::unexpected(certificate.error());
  // The key first: where there is a certificate, there is its key.
  if (auto ok = write_file(key_path, key_pem(key.get()), 0600); !ok) return ok;
  return write_file(certificate_path, to_pem(certificate->get()), 0644);
}

Result<void> check_key_permissions(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return system_error(path);
  if ((info.st_mode & 077) != 0)
    return fail(Errc::key_permissions,
                fmt::format("{} has mode {:04o} (run: chmod 600 {})", path, info.st_mode & 07777, path));
  return {};
}

}  // namespace

std::string default_authority_dir() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/')
    return std::string(data) + "/wstap";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::string(home) + "/.local/share/wstap";
  return {};
}

Authority::Authority(std::unique_ptr<Parts> parts, std::string certificate_path)
    : parts_(std::move(parts)), certificate_path_(std::move(certificate_path)) {}
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

Result<Authority> Authority::load(const std::string& certificate_path, const std::string& key_path) {
  auto certificate = certificate_from_pem(certificate_path);
  if (!certificate) return std::unexpected(certificate.error());
  auto key = key_from_pem(key_path);
  if (!key) return std::unexpected(key.error());
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    openssl_reason();
    return fail(Errc::mismatch, fmt::format("{} is not the key of {}", key_path, certificate_path));
  }
  if (X509_check_ca(certificate->get()) == 0)
    return fail(Errc::mismatch,
                certificate_path + " is not the certificate of an authority (CA:TRUE is missing)");
  return Authority(std::make_unique<Parts>(Parts{std::move(*certificate), std::move(*key)}),
                   certificate_path);
}

Result<Authority> Authority::open_or_create(const std::string& dir, UnixNs now) {
  if (dir.empty())
    return fail(Errc::bad_file,
                "no place for the certificate authority: set HOME or XDG_DATA_HOME, or use --ca-cert");
  const std::string certificate_path = dir + "/wstap-ca.pem";
  const std::string key_path = dir + "/wstap-ca.key";
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(dir).parent_path(), failed);
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return system_error(dir);

  // One process makes the authority, the others wait here and find it.
  const File lock(dir + "/lock", O_RDWR | O_CREAT, 0600);
  if (!lock || ::flock(lock.fd(), LOCK_EX) != 0) return system_error(dir + "/lock");
  const bool exists = ::access(certificate_path.c_str(), F_OK) == 0 || ::access(key_path.c_str(), F_OK) == 0;
  if (!exists)
    if (auto made = create(certificate_path, key_path, now); !made) return std::unexpected(made.error());
  if (auto ok = check_key_permissions(key_path); !ok) return std::unexpected(ok.error());
  return load(certificate_path, key_path);
}

CertificateFacts Authority::facts() const {
  return facts_of(certificate());
}
std::string Authority::pem() const {
  return to_pem(certificate());
}

Buffer Authority::der() const {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate(), &der);
  Buffer bytes = to_buffer(std::as_bytes(std::span(der, static_cast<std::size_t>(std::max(length, 0)))));
  OPENSSL_free(der);
  return bytes;
}

Buffer Authority::p12(const std::string& password) const {
  STACK_OF(X509)* others = sk_X509_new_null();
  sk_X509_push(others, certificate());
  PKCS12* bundle = PKCS12_create(password.c_str(), "wstap CA", nullptr, nullptr, others, 0, 0, 0, 0, 0);
  sk_X509_free(others);
  unsigned char* der = nullptr;
  const int length = bundle == nullptr ? 0 : i2d_PKCS12(bundle, &der);
  Buffer bytes = to_buffer(std::as_bytes(std::span(der, static_cast<std::size_t>(std::max(length, 0)))));
  OPENSSL_free(der);
  PKCS12_free(bundle);
  return bytes;
}

x509_st* Authority::certificate() const noexcept {
  return parts_->certificate.get();
}
evp_pkey_st* Authority::key() const noexcept {
  return parts_->key.get();
}

}  // namespace wstap::tls

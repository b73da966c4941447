// SPDX-License-Identifier: Apache-2.0
// Certificates as issued, checked by OpenSSL as strictly as it can (RFC 5280), and facts read from others'.
#include "libcore/tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>
#include <set>

#include "libcore/tls/errors.h"
#include "tests/unit/tls/channel_fixture.h"

namespace wstap::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr UnixNs kSecond = 1'000'000'000;
constexpr UnixNs kNow = 1'700'000'000 * kSecond;
constexpr UnixNs kDay = 86'400 * kSecond;

X509Ptr issue_or_throw(const CertificateRequest& request, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  return value_or_throw(issue(request, key, issuer, issuer_key));
}

class CertificateTest : public testing::Test {
 protected:
  X509Ptr leaf(std::string common_name, std::vector<std::string> names) {
    return issue_or_throw({std::move(common_name), std::move(names), kNow - kDay, kNow + kDay, false},
                          leaf_key_.get(), root_.get(), root_key_.get());
  }
  /// What OpenSSL's strictest verification says at kNow; "ok" when it has nothing to say.
  std::string verify(X509* certificate) {
    using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
    using ContextPtr = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
    const StorePtr store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root_.get());
    const ContextPtr context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(kNow / kSecond));
    X509_verify_cert(context.get());
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  }

  KeyPtr root_key_ = new_p256_key(), leaf_key_ = new_p256_key();
  X509Ptr root_ =
      issue_or_throw({"root", {}, kNow - kDay, kNow + kDay, true}, root_key_.get(), nullptr, root_key_.get());
};

// TLS-1
TEST_F(CertificateTest, KeysAreEcdsaP256) {
  std::array<char, 32> group{};
  EXPECT_EQ(EVP_PKEY_get_group_name(leaf_key_.get(), group.data(), group.size(), nullptr), 1);
  EXPECT_STREQ(group.data(), "prime256v1");
  EXPECT_NE(EVP_PKEY_eq(leaf_key_.get(), root_key_.get()), 1) << "each is new";
}

TEST_F(CertificateTest, PassesTheStrictestVerification) {
  EXPECT_EQ(verify(leaf("a.example", {"a.example"}).get()), "ok");
  EXPECT_EQ(verify(leaf("127.0.0.1", {"127.0.0.1", "::1"}).get()), "ok");
  EXPECT_EQ(verify(leaf(std::string(100, 'a'), {std::string(100, 'a')}).get()), "ok");
}

// RFC 5280 4.2.1.6
TEST_F(CertificateTest, TheAlternativeNamesAreCriticalExactlyWhereTheSubjectIsEmpty) {
  const auto critical = [](const X509Ptr& certificate) {
    const int at = X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1);
    return X509_EXTENSION_get_critical(X509_get_ext(certificate.get(), at)) != 0;
  };
  EXPECT_FALSE(critical(leaf(std::string(64, 'a'), {std::string(64, 'a')})));
  EXPECT_TRUE(critical(leaf(std::string(65, 'a'), {std::string(65, 'a')})));
}

TEST_F(CertificateTest, IsGoodForItsNamesAndAddressesOnly) {
  const auto certificate = leaf("a.example", {"a.example", "*.b.example", "10.0.0.1", "2001:db8::1"});
  for (const char* name : {"a.example", "A.Example", "x.b.example"})
    EXPECT_EQ(X509_check_host(certificate.get(), name, 0, 0, nullptr), 1) << name;
  for (const char* name : {"b.example", "x.a.example", "x.y.b.example", "10.0.0.1"})
    EXPECT_EQ(X509_check_host(certificate.get(), name, 0, 0, nullptr), 0) << name;
  for (const char* address : {"10.0.0.1", "2001:db8::1"})
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), address, 0), 1) << address;
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "10.0.0.2", 0), 0);
}

TEST_F(CertificateTest, NamesAreNeverReadAsConfiguration) {
  const std::string odd = "a,DNS:evil.example,IP:1.2.3.4";
  EXPECT_THAT(facts_of(leaf("a", {odd}).get()).names, ElementsAre(odd));
}

TEST_F(CertificateTest, ARootSignsButServesNoneAndALeafTheOtherWayRound) {
  EXPECT_EQ(X509_check_ca(root_.get()), 1);
  EXPECT_EQ(X509_get_pathlen(root_.get()), 0);
  EXPECT_EQ(X509_get_key_usage(root_.get()), static_cast<unsigned>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  const auto certificate = leaf("a", {"a"});
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  EXPECT_EQ(X509_get_key_usage(certificate.get()), static_cast<unsigned>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_extended_key_usage(certificate.get()), static_cast<unsigned>(XKU_SSL_SERVER));
}

TEST_F(CertificateTest, SerialNumbersArePositiveLongAndDifferent) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const auto certificate = leaf("a", {"a"});
    const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr));
    EXPECT_EQ(BN_is_negative(number.get()), 0);
    EXPECT_EQ(BN_num_bits(number.get()), 127);
    char* text = BN_bn2hex(number.get());
    EXPECT_TRUE(seen.insert(text).second);
    OPENSSL_free(text);
  }
}

// TLS-4
TEST_F(CertificateTest, FactsAreWhatWasIssued) {
  const auto certificate = leaf("a.example", {"a.example", "10.0.0.1", "2001:db8:0:0::1"});
  const auto facts = facts_of(certificate.get());
  EXPECT_EQ(facts.subject, "CN=a.example");
  EXPECT_EQ(facts.issuer, "CN=root");
  EXPECT_EQ(facts.not_before_ns, kNow - kDay);
  EXPECT_EQ(facts.not_after_ns, kNow + kDay);
  EXPECT_EQ(not_after_ns(certificate.get()), kNow + kDay);
  EXPECT_THAT(facts.names, ElementsAre("a.example", "10.0.0.1", "2001:db8::1"));

  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  std::array<unsigned char, 32> digest{};
  EVP_Digest(der, static_cast<std::size_t>(length), digest.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  EXPECT_EQ(facts.sha256, to_hex(std::as_bytes(std::span(digest))));
}

TEST_F(CertificateTest, FactsOfACertificateWithoutNames) {
  EXPECT_TRUE(facts_of(root_.get()).names.empty());
  const auto nameless = leaf("", {"a"});
  EXPECT_EQ(facts_of(nameless.get()).subject, "");
}

/// `certificate`, valid between these times as X.509 writes them.
X509Ptr dated(X509Ptr certificate, const char* from, const char* to) {
  ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), from);
  ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), to);
  return certificate;
}

// RFC 5280 4.1.2.5: what has no end says the year 9999, which no nanosecond count reaches.
TEST_F(CertificateTest, TimesThatDoNotFitAreTheNearestThatDo) {
  const auto forever = facts_of(dated(leaf("a", {"a"}), "00000101000000Z", "99991231235959Z").get());
  EXPECT_LT(forever.not_before_ns, -std::numeric_limits<UnixNs>::max() / 100 * 99);
  EXPECT_GT(forever.not_after_ns, std::numeric_limits<UnixNs>::max() / 100 * 99);
  const auto plain = facts_of(dated(leaf("a", {"a"}), "691231235959Z", "20500101000000Z").get());
  EXPECT_EQ(plain.not_before_ns, -kSecond);
  EXPECT_EQ(plain.not_after_ns, 2'524'608'000 * kSecond);
}

TEST_F(CertificateTest, PemReadsBack) {
  const test::TempDir dir;
  test::write_file(dir / "cert.pem", "text around it\n" + to_pem(root_.get()) + "more text\n");
  const auto again = certificate_from_pem(dir / "cert.pem");
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(X509_cmp(again->get(), root_.get()), 0);
}

TEST_F(CertificateTest, FilesThatAreNoPemAreNamedWithTheReason) {
  const test::TempDir dir;
  test::write_file(dir / "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  test::write_file(dir / "empty", "");
  for (const auto& path : {dir / "missing", dir / "empty", dir / "garbage", dir.path()}) {
    SCOPED_TRACE(path);
    for (const Error& error : {certificate_from_pem(path).error(), key_from_pem(path).error()}) {
      EXPECT_EQ(error.code, Errc::bad_file);
      EXPECT_THAT(error.detail, HasSubstr(path + ": not a readable PEM "));
    }
    EXPECT_EQ(ERR_peek_error(), 0UL) << "OpenSSL's queue is left empty";
  }
  EXPECT_THAT(certificate_from_pem(dir / "missing").error().detail, HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// The certificate authority's files (TLS-2): made once, private, loaded again, exported; and every way in
// which they can be wrong.
#include "libcore/tls/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "libcore/tls/certificate.h"
#include "libcore/tls/errors.h"
#include "tests/unit/tls/channel_fixture.h"

namespace wstap::tls {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr UnixNs kDay = 86'400LL * 1'000'000'000;
constexpr UnixNs kNow = 1'700'000'000LL * 1'000'000'000;

class AuthorityTest : public testing::Test {
 protected:
  Result<Authority> open() { return Authority::open_or_create(ca_, kNow); }
  Authority opened() { return value_or_throw(open()); }
  /// The error of opening once more.
  Error refusal() {
    auto authority = open();
    return authority ? Error{} : authority.error();
  }

  test::TempDir dir_;
  std::string ca_ = dir_ / "data/wstap";
  std::string certificate_ = ca_ + "/wstap-ca.pem", key_ = ca_ + "/wstap-ca.key";
};

// TLS-2
TEST_F(AuthorityTest, IsMadeOnFirstUseAndPrivate) {
  const auto authority = opened();
  EXPECT_EQ(authority.certificate_path(), certificate_);
  EXPECT_EQ(test::mode_of(ca_), 0700U);
  EXPECT_EQ(test::mode_of(key_), 0600U);
  EXPECT_EQ(test::mode_of(certificate_), 0644U);
  EXPECT_EQ(test::read_file(certificate_), authority.pem());
  for (const auto& entry : std::filesystem::directory_iterator(ca_))
    EXPECT_THAT(entry.path().filename().string(), MatchesRegex("wstap-ca.pem|wstap-ca.key|lock"));
}

TEST_F(AuthorityTest, ItsModesDoNotDependOnTheUmask) {
  const mode_t before = ::umask(0);
  opened();
  ::umask(before);
  EXPECT_EQ(test::mode_of(ca_), 0700U);
  EXPECT_EQ(test::mode_of(key_), 0600U);
}

// TLS-2
TEST_F(AuthorityTest, IsACertificateAuthorityForFiveYears) {
  const auto authority = opened();
  const auto facts = authority.facts();
  EXPECT_THAT(facts.subject, MatchesRegex("CN=wstap CA \\(.+, [0-9a-f]{8}\\)"));
  EXPECT_EQ(facts.issuer, facts.subject);
  EXPECT_EQ(facts.not_before_ns, kNow - kDay);
  EXPECT_EQ(facts.not_after_ns, kNow + 5 * 365 * kDay);
  EXPECT_EQ(X509_check_ca(authority.certificate()), 1);
  EXPECT_EQ(X509_check_private_key(authority.certificate(), authority.key()), 1);
}

// TLS-2
TEST_F(AuthorityTest, ASecondOpenIsTheSame) {
  const auto first = opened().facts();
  const auto second = value_or_throw(Authority::open_or_create(ca_, kNow + 100 * kDay)).facts();
  EXPECT_EQ(second.sha256, first.sha256);
}

// TLS-2: unique to the machine.
TEST_F(AuthorityTest, TwoPlacesHaveTwoAuthorities) {
  const auto other = value_or_throw(Authority::open_or_create(dir_ / "other", kNow));
  const auto mine = opened();
  EXPECT_NE(mine.facts().sha256, other.facts().sha256);
  EXPECT_NE(mine.facts().subject, other.facts().subject) << "so that a trust store tells them apart";
}

// TLS-2
TEST_F(AuthorityTest, ThoseWhoCreateAtOnceAgree) {
  std::vector<std::string> digests(6);
  std::vector<std::thread> threads;
  for (auto& mine : digests) threads.emplace_back([&] { mine = opened().facts().sha256; });
  for (auto& thread : threads) thread.join();
  for (const auto& digest : digests) EXPECT_EQ(digest, opened().facts().sha256);
}

TEST_F(AuthorityTest, SurvivesAMove) {
  auto first = opened();
  const auto digest = first.facts().sha256;
  Authority second = std::move(first);
  EXPECT_EQ(second.facts().sha256, digest);
  first = std::move(second);
  EXPECT_EQ(first.facts().sha256, digest);
}

// TLS-2
TEST_F(AuthorityTest, AKeyThatOthersCanReadIsRefused) {
  opened();
  for (const unsigned mode : {0640U, 0604U, 0644U, 0660U, 0601U}) {
    SCOPED_TRACE(mode);
    ::chmod(key_.c_str(), mode);
    const auto error = refusal();
    EXPECT_EQ(error.code, Errc::key_permissions);
    EXPECT_THAT(error.detail, HasSubstr("chmod 600 " + key_));
  }
  ::chmod(key_.c_str(), 0400);
  EXPECT_TRUE(open().has_value());
}

TEST_F(AuthorityTest, HalfOfItIsNotReplacedButNamed) {
  opened();
  const auto key = test::read_file(key_);
  std::filesystem::remove(certificate_);
  const auto no_certificate = refusal();
  EXPECT_EQ(no_certificate.code, Errc::bad_file);
  EXPECT_THAT(no_certificate.detail, HasSubstr(certificate_));
  EXPECT_EQ(test::read_file(key_), key) << "the key was not overwritten";

  test::write_file(certificate_, "x");
  std::filesystem::remove(key_);
  const auto no_key = refusal();
  EXPECT_EQ(no_key.code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(no_key.detail, key_);
  EXPECT_EQ(test::read_file(certificate_), "x");
}

TEST_F(AuthorityTest, GarbageIsNamed) {
  opened();
  const auto key = test::read_file(key_);
  test::write_file(key_, "garbage");
  EXPECT_EQ(refusal().code, Errc::bad_file);
  EXPECT_THAT(refusal().detail, HasSubstr(key_ + ": not a readable PEM private key"));
  test::write_file(key_, key);
  test::write_file(certificate_, key);
  EXPECT_EQ(refusal().code, Errc::bad_file);
  EXPECT_THAT(refusal().detail, HasSubstr(certificate_ + ": not a readable PEM certificate"));
}

TEST_F(AuthorityTest, CertificateAndKeyOfTwoAuthoritiesDoNotFit) {
  opened();
  value_or_throw(Authority::open_or_create(dir_ / "other", kNow));
  test::write_file(key_, test::read_file(dir_ / "other/wstap-ca.key"));
  const auto error = refusal();
  EXPECT_EQ(error.code, Errc::mismatch);
  EXPECT_THAT(error.detail, HasSubstr(key_ + " is not the key of " + certificate_));
}

TEST_F(AuthorityTest, ALeafIsNoAuthority) {
  const auto root = opened();
  const auto key = new_p256_key();
  const auto leaf = value_or_throw(
      issue({"a", {"a"}, kNow, kNow + kDay, false}, key.get(), root.certificate(), root.key()));
  test::write_file(dir_ / "leaf.pem", to_pem(leaf.get()));
  const BioPtr out(BIO_new_file((dir_ / "leaf.key").c_str(), "w"));
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  BIO_flush(out.get());
  const auto authority = Authority::load(dir_ / "leaf.pem", dir_ / "leaf.key");
  ASSERT_FALSE(authority.has_value());
  EXPECT_EQ(authority.error().code, Errc::mismatch);
  EXPECT_THAT(authority.error().detail, HasSubstr("CA:TRUE is missing"));
}

// TLS-2: --ca-cert and --ca-key.
TEST_F(AuthorityTest, LoadsSomebodysOwn) {
  const auto digest = opened().facts().sha256;
  ::chmod(key_.c_str(), 0640);
  const auto own = Authority::load(certificate_, key_);
  ASSERT_TRUE(own.has_value()) << own.error().text();
  EXPECT_EQ(own->facts().sha256, digest);
  EXPECT_EQ(own->certificate_path(), certificate_);
  EXPECT_EQ(Authority::load(dir_ / "none", key_).error().code, Errc::bad_file);
  EXPECT_EQ(Authority::load(certificate_, dir_ / "none").error().code, Errc::bad_file);
}

TEST_F(AuthorityTest, APlaceThatCannotBeIsNamed) {
  test::write_file(dir_ / "file", "");
  for (const auto& place : {dir_ / "file", dir_ / "file/below"}) {
    const auto authority = Authority::open_or_create(place, kNow);
    ASSERT_FALSE(authority.has_value());
    EXPECT_EQ(authority.error().code, std::errc::not_a_directory);
    EXPECT_THAT(authority.error().detail, HasSubstr(place));
  }
  const auto nowhere = Authority::open_or_create("", kNow);
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code, Errc::bad_file);
}

// TLS-2
TEST_F(AuthorityTest, EveryExportLoadsAgain) {
  const auto authority = opened();
  const auto der = authority.der();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const X509Ptr from_der(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ASSERT_NE(from_der, nullptr);
  EXPECT_EQ(X509_cmp(from_der.get(), authority.certificate()), 0);

  const auto pem = authority.pem();
  const BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509Ptr from_pem(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  ASSERT_NE(from_pem, nullptr);
  EXPECT_EQ(X509_cmp(from_pem.get(), authority.certificate()), 0);
}

// TLS-2
TEST_F(AuthorityTest, ThePkcs12HoldsTheCertificateAndNoKey) {
  const auto authority = opened();
  for (const std::string password : {"", "secret"}) {
    const auto der = authority.p12(password);
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    using BundlePtr = std::unique_ptr<PKCS12, Freer<PKCS12_free>>;
    const BundlePtr bundle(d2i_PKCS12(nullptr, &at, static_cast<long>(der.size())));
    ASSERT_NE(bundle, nullptr);
    EXPECT_EQ(PKCS12_verify_mac(bundle.get(), "wrong", -1), 0);
    EVP_PKEY* key = nullptr;
    X509* own = nullptr;
    STACK_OF(X509)* others = nullptr;
    ASSERT_EQ(PKCS12_parse(bundle.get(), password.c_str(), &key, &own, &others), 1);
    EXPECT_EQ(key, nullptr);
    ASSERT_EQ(sk_X509_num(others), 1);
    EXPECT_EQ(X509_cmp(sk_X509_value(others, 0), authority.certificate()), 0);
    X509_free(own);
    sk_X509_pop_free(others, X509_free);
  }
}

/// Sets a variable, and puts it back.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// TLS-2
TEST(DefaultAuthorityDir, IsUnderTheXdgDataFolder) {
  const Variable home("HOME", "/home/a");
  {
    const Variable data("XDG_DATA_HOME", "/data");
    EXPECT_EQ(default_authority_dir(), "/data/wstap");
  }
  for (const char* unusable : {static_cast<const char*>(nullptr), "", "relative"}) {
    const Variable data("XDG_DATA_HOME", unusable);
    EXPECT_EQ(default_authority_dir(), "/home/a/.local/share/wstap");
  }
  const Variable data("XDG_DATA_HOME", nullptr);
  for (const char* homeless : {static_cast<const char*>(nullptr), ""}) {
    const Variable none("HOME", homeless);
    EXPECT_EQ(default_authority_dir(), "");
  }
}

}  // namespace
}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// Leaves (TLS-1): minted once for a set of names, short-lived, renewed in time, forgotten when there are too
// many.
#include "libcore/tls/leaf_cache.h"

#include <gmock/gmock.h>

#include <thread>

#include "libcore/tls/certificate.h"
#include "libcore/tls/errors.h"
#include "tests/unit/tls/channel_fixture.h"

namespace wstap::tls {
namespace {

using testing::ElementsAre;

constexpr UnixNs kDay = 86'400LL * 1'000'000'000;
constexpr UnixNs kNow = 1'700'000'000LL * 1'000'000'000;

class LeafCacheTest : public testing::Test {
 protected:
  std::shared_ptr<const Leaf> get(const std::string& name, std::vector<std::string> others = {},
                                  UnixNs at = kNow) {
    return value_or_throw(cache_.get(name, std::move(others), at));
  }
  CertificateFacts facts(const std::string& name, std::vector<std::string> others = {}) {
    return facts_of(get(name, std::move(others))->certificate());
  }

  test::TempDir dir_;
  Authority authority_ = value_or_throw(Authority::open_or_create(dir_ / "ca", kNow));
  LeafCache cache_{authority_, 3};
};

// TLS-1
TEST_F(LeafCacheTest, MintsOncePerSetOfNames) {
  const auto first = get("a.example", {"b.example"});
  EXPECT_EQ(get("a.example", {"b.example"}), first);
  EXPECT_EQ(cache_.minted(), 1U);
  EXPECT_NE(get("a.example"), first);
  EXPECT_NE(get("b.example", {"a.example"}), first);
  EXPECT_EQ(cache_.minted(), 3U);
}

// TLS-1
TEST_F(LeafCacheTest, ALeafHoldsItsNameFirstAndTheOthersOnce) {
  const auto leaf = facts("a.example", {"*.b.example", "a.example", "10.0.0.1", "*.b.example", "::1"});
  EXPECT_EQ(leaf.subject, "CN=a.example");
  EXPECT_EQ(leaf.issuer, authority_.facts().subject);
  EXPECT_THAT(leaf.names, ElementsAre("a.example", "*.b.example", "10.0.0.1", "::1"));
  EXPECT_THAT(facts("127.0.0.1").names, ElementsAre("127.0.0.1"));
}

// TLS-1
TEST_F(LeafCacheTest, ANameOver64CharactersGoesWithoutACommonName) {
  const std::string long_name = std::string(60, 'a') + ".example";
  const auto leaf = facts(long_name);
  EXPECT_EQ(leaf.subject, "");
  EXPECT_THAT(leaf.names, ElementsAre(long_name));
  EXPECT_EQ(facts(std::string(64, 'b')).subject, "CN=" + std::string(64, 'b'));
}

TEST_F(LeafCacheTest, OtherNamesThatCannotBeAreLeftOut) {
  const auto leaf = facts("a.example", {"", "b c", std::string("d\0e", 3), "\xc3\xbc.example",
                                        std::string(254, 'f'), std::string(253, 'g'), "h.example"});
  EXPECT_THAT(leaf.names, ElementsAre("a.example", std::string(253, 'g'), "h.example"));
}

TEST_F(LeafCacheTest, ANameThatCannotBeIsRefused) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string(254, 'a'), std::string("\xc3\xbc")}) {
    const auto leaf = cache_.get(name, {}, kNow);
    ASSERT_FALSE(leaf.has_value());
    EXPECT_EQ(leaf.error().code, Errc::openssl);
  }
  EXPECT_EQ(cache_.minted(), 0U);
}

TEST_F(LeafCacheTest, OfManyNamesAHundredFit) {
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back(std::to_string(i) + ".example");
  const auto leaf = facts("a.example", many);
  EXPECT_EQ(leaf.names.size(), 100U);
  EXPECT_EQ(leaf.names.back(), "98.example");
}

// TLS-1: short-lived, and good for clients whose clocks are behind.
TEST_F(LeafCacheTest, ALeafIsValidFromADayAgoForAWeek) {
  const auto leaf = facts("a.example");
  EXPECT_EQ(leaf.not_before_ns, kNow - kDay);
  EXPECT_EQ(leaf.not_after_ns, kNow + 7 * kDay);
}

// TLS-1
TEST_F(LeafCacheTest, IsRenewedADayBeforeItExpires) {
  const auto first = get("a.example");
  EXPECT_EQ(first->renew_at_ns(), kNow + 6 * kDay);
  EXPECT_EQ(get("a.example", {}, kNow + 6 * kDay - 1), first);
  const auto second = get("a.example", {}, kNow + 6 * kDay);
  EXPECT_NE(second, first);
  EXPECT_EQ(second->renew_at_ns(), kNow + 12 * kDay);
  EXPECT_EQ(get("a.example", {}, kNow + 6 * kDay + 1), second);
  EXPECT_EQ(cache_.minted(), 2U);
}

TEST_F(LeafCacheTest, NeverOutlivesItsAuthority) {
  const auto end = authority_.facts().not_after_ns;
  const auto leaf = get("a.example", {}, end - 2 * kDay);
  EXPECT_EQ(not_after_ns(leaf->certificate()), end);
  EXPECT_EQ(leaf->renew_at_ns(), end - kDay);
}

// TLS-1
TEST_F(LeafCacheTest, ForgetsWhatWasNotUsedForLongest) {
  const auto a = get("a.example");
  get("b.example");
  get("c.example");
  EXPECT_EQ(get("a.example"), a) << "used again";
  get("d.example");  // the fourth: b goes
  EXPECT_EQ(cache_.minted(), 4U);
  EXPECT_EQ(get("a.example"), a);
  get("c.example");
  get("d.example");
  EXPECT_EQ(cache_.minted(), 4U);
  get("b.example");
  EXPECT_EQ(cache_.minted(), 5U);
}

TEST_F(LeafCacheTest, ALeafInUseOutlivesItsPlaceInTheCache) {
  const auto kept = get("a.example");
  for (const char* other : {"b", "c", "d"}) get(other);
  EXPECT_EQ(facts_of(kept->certificate()).subject, "CN=a.example");
}

TEST_F(LeafCacheTest, LeavesShareOneP256KeyThatFitsThem) {
  const auto a = get("a.example"), b = get("b.example");
  EXPECT_EQ(a->key(), b->key());
  EXPECT_EQ(X509_check_private_key(a->certificate(), a->key()), 1);
  EXPECT_NE(a->key(), authority_.key());
  EXPECT_EQ(EVP_PKEY_get_bits(a->key()), 256);
}

TEST_F(LeafCacheTest, ThreadsGetTheSameLeaf) {
  std::vector<std::shared_ptr<const Leaf>> got(8);
  std::vector<std::thread> threads;
  for (auto& mine : got) threads.emplace_back([&] { mine = get("a.example"); });
  for (auto& thread : threads) thread.join();
  for (const auto& leaf : got) EXPECT_EQ(leaf, got.front());
  EXPECT_EQ(cache_.minted(), 1U);
}

}  // namespace
}  // namespace wstap::tls

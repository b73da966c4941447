// SPDX-License-Identifier: Apache-2.0
// LIM-5: rates and budgets, of each host and of all, whoever asks.
#include "libcore/pipeline/limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::pipeline {
namespace {

using test::bytes;
using test::wire;
using testing::HasSubstr;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr auto kSend = ws::Direction::send;
constexpr auto kReceive = ws::Direction::receive;

Destination host(std::string_view name, std::uint16_t port = 80) {
  return {.host = name, .port = port, .scheme = "http", .path = "/chat", .upgrade = true};
}
TargetPattern target(std::string_view text) {
  std::string why;
  return TargetPattern::parse(text, why).value();
}
Buffer frames(std::size_t count, std::size_t payload = 1) {
  Buffer all;
  for (std::size_t i = 0; i < count; ++i) append(all, wire({.opcode = 2, .payload = Buffer(payload)}));
  return all;
}

TEST(Rate, LetsASecondsWorthPassAtOnce) {
  Rate rate;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(rate.wait_ns(10, 5 * kSecond), 0) << i;
    rate.charge(10, 1, 5 * kSecond);
  }
  EXPECT_EQ(rate.wait_ns(10, 5 * kSecond), 100 * kMs);
  EXPECT_EQ(rate.wait_ns(10, 5 * kSecond + 99 * kMs), kMs);
  EXPECT_EQ(rate.wait_ns(10, 5 * kSecond + 100 * kMs), 0);
  EXPECT_FALSE(rate.is_full(5 * kSecond));
  EXPECT_TRUE(rate.is_full(6 * kSecond));
}

TEST(Rate, OfLessThanOneASecondLetsOnePass) {
  Rate rate;
  EXPECT_EQ(rate.wait_ns(0.2, 0), 0);
  rate.charge(0.2, 1, 0);
  EXPECT_EQ(rate.wait_ns(0.2, 0), 5 * kSecond);
  EXPECT_EQ(rate.wait_ns(0.2, 5 * kSecond), 0);
}

TEST(Rate, IsKeptOnTheAverage) {
  Rate rate;
  int passed = 0;
  for (std::int64_t now = 0; now < 100 * kSecond; now += 7 * kMs)
    for (; rate.wait_ns(33, now) == 0; ++passed) rate.charge(33, 1, now);
  EXPECT_NEAR(passed, 100 * 33 + 33, 1);
}

TEST(Rate, CountsWhatWasTooMuchAsADebt) {
  Rate rate;
  rate.charge(100, 1000, 0);
  EXPECT_EQ(rate.wait_ns(100, 0), 9 * kSecond + 10 * kMs);
}

class LimiterTest : public testing::Test {
 protected:
  Limiter limiter;
  UnixNs now = 1'700'000'000 * kSecond;

  std::string upgrade(const Destination& to) {
    const auto hit = limiter.admit(to, now);
    return hit ? hit->reason : "";
  }
  /// Bytes that pass.
  std::size_t pass(FlowLimits& limits, Bytes unread, ws::Direction direction = kSend) {
    return limiter.pass(limits, direction, unread, now).bytes;
  }
  /// ... of a flow that ends then.
  std::size_t pass(const Destination& to, Bytes unread) {
    auto limits = limiter.limits_of(to);
    const auto passed = pass(limits, unread);
    limiter.forget(limits);
    return passed;
  }
};

TEST_F(LimiterTest, WithoutLimitsBoundsNothing) {
  EXPECT_EQ(upgrade(host("a")), "");
  EXPECT_TRUE(limiter.limits_of(host("a")).tallies.empty());
}

TEST_F(LimiterTest, CountsUpgradesOfEachHost) {
  limiter.use({{.id = "x", .upgrades_per_second = 2}});
  EXPECT_EQ(upgrade(host("a")), "");
  EXPECT_EQ(upgrade(host("A.")), "");
  EXPECT_EQ(upgrade(host("a")), "limit 'x': 2 upgrades a second");
  EXPECT_EQ(upgrade(host("a", 81)), "");
  EXPECT_EQ(upgrade(host("b")), "");
  EXPECT_EQ(limiter.admit(host("a"), now)->wait_ns, 500 * kMs);
  now += 500 * kMs;
  EXPECT_EQ(upgrade(host("a")), "");
  EXPECT_NE(upgrade(host("a")), "");
}

TEST_F(LimiterTest, CountsUpgradesOfAll) {
  limiter.use({{.id = "x", .per_host = false, .upgrades_per_second = 0.5}});
  EXPECT_EQ(upgrade(host("a")), "");
  EXPECT_EQ(upgrade(host("b")), "limit 'x': 0.5 upgrades a second");
}

TEST_F(LimiterTest, CountsTargetsAlone) {
  limiter.use({{.id = "x",
                .targets = {target("*.example.com:80"), target("ws://b/chat")},
                .upgrades_per_second = 1}});
  for (const char* name : {"www.example.com", "b"}) {
    EXPECT_EQ(upgrade(host(name)), "");
    EXPECT_NE(upgrade(host(name)), "");
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(upgrade(host("www.example.com", 81)), "");
}

// What one limit refuses takes nothing from the others.
TEST_F(LimiterTest, CountsARefusedUpgradeNowhere) {
  limiter.use(
      {{.id = "all", .per_host = false, .upgrades_per_second = 2}, {.id = "each", .upgrades_per_second = 1}});
  EXPECT_EQ(upgrade(host("a")), "");
  EXPECT_THAT(upgrade(host("a")), HasSubstr("'each'"));
  EXPECT_EQ(upgrade(host("b")), "");
  EXPECT_THAT(upgrade(host("c")), HasSubstr("'all'"));
}

TEST_F(LimiterTest, LetsSoManyFramesPass) {
  limiter.use({{.id = "x", .frames_per_second = 10}});
  auto limits = limiter.limits_of(host("a"));
  const Buffer unread = frames(25);
  const auto first = limiter.pass(limits, kSend, unread, now);
  EXPECT_EQ(first.bytes, 10U * 3);
  ASSERT_TRUE(first.hit);
  EXPECT_EQ(first.hit->reason, "limit 'x': 10 frames a second");
  EXPECT_EQ(first.hit->wait_ns, 100 * kMs);
  now += 250 * kMs;
  EXPECT_EQ(pass(limits, Bytes(unread).subspan(30), kReceive), 3U)
      << "both directions count, and one has its turn";
  EXPECT_EQ(pass(limits, Bytes(unread).subspan(30)), 3U);
  now += 10 * kSecond;
  const auto rest = limiter.pass(limits, kSend, frames(7), now);
  EXPECT_EQ(rest.bytes, 7U * 3);
  EXPECT_FALSE(rest.hit);
}

TEST_F(LimiterTest, IsSharedByTheFlowsOfAHost) {
  limiter.use({{.id = "x", .frames_per_second = 10}});
  EXPECT_EQ(pass(host("a"), frames(6)), 6U * 3);
  EXPECT_EQ(pass(host("a"), frames(6)), 4U * 3);
  EXPECT_EQ(pass(host("b"), frames(6)), 6U * 3);
}

// Those who wait have their turns in the order in which they came, and are not woken in vain.
TEST_F(LimiterTest, GivesEachFlowItsTurn) {
  limiter.use({{.id = "x", .frames_per_second = 10}});
  EXPECT_EQ(pass(host("a"), frames(10)), 30U);
  std::vector<FlowLimits> flows;
  const Buffer one = frames(1);
  for (int i = 0; i < 5; ++i) {
    flows.push_back(limiter.limits_of(host("a")));
    EXPECT_EQ(limiter.pass(flows.back(), kSend, one, now).hit->wait_ns, (i + 1) * 100 * kMs);
  }
  now += 50 * kMs;
  for (int i = 0; i < 5; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(limiter.pass(flows[4], kSend, one, now).hit->wait_ns, 450 * kMs - i * 100 * kMs);
    if (i == 4) break;
    now += 50 * kMs;
    EXPECT_EQ(pass(flows[static_cast<std::size_t>(i)], one), 3U);
    now += 50 * kMs;
  }
  limiter.forget(flows[4]);
  now += 50 * kMs;
  EXPECT_EQ(pass(host("a"), one), 3U) << "it went away, and its turn is free";
}

TEST_F(LimiterTest, CountsADirectionAlone) {
  limiter.use({{.id = "x", .directions = {true, false}, .frames_per_second = 1}});
  auto limits = limiter.limits_of(host("a"));
  EXPECT_EQ(pass(limits, frames(3), kReceive), 9U);
  EXPECT_EQ(pass(limits, frames(3), kSend), 3U);
}

// An incomplete frame is read on while it may pass, and is counted when it does.
TEST_F(LimiterTest, CountsWholeFrames) {
  limiter.use({{.id = "x", .frames_per_second = 1}});
  auto limits = limiter.limits_of(host("a"));
  const Buffer two = frames(2, 300);
  EXPECT_EQ(pass(limits, Bytes(two).first(200)), 200U);
  EXPECT_EQ(pass(limits, Bytes(two).first(400)), 304U) << "what has come of the next is enough for now";
  EXPECT_EQ(pass(limits, Bytes(two).subspan(304, 200)), 0U);
  EXPECT_EQ(pass(limits, Bytes(two).subspan(304)), 0U);
  EXPECT_EQ(pass(limits, {}), 0U);
  EXPECT_FALSE(limiter.pass(limits, kSend, {}, now).hit);
  now += kSecond;
  EXPECT_EQ(pass(limits, Bytes(two).subspan(304)), 304U);
  now += kSecond;
  // a length nobody can have is the reader's to complain of
  const Buffer endless = test::wire_header({.length = test::LengthForm::in_64_bits}, ~std::uint64_t{0});
  EXPECT_EQ(pass(limits, endless), endless.size());
}

TEST_F(LimiterTest, CountsBytes) {
  limiter.use({{.id = "x", .bytes_per_second = 1000}});
  auto limits = limiter.limits_of(host("a"));
  EXPECT_EQ(pass(limits, frames(12, 98)), 1000U);
  now += 3 * kMs;
  EXPECT_EQ(pass(limits, frames(2, 98)), 100U) << "it passes whole, and the others wait for it";
  EXPECT_EQ(limiter.pass(limits, kSend, frames(1), now).hit->wait_ns, 98 * kMs);
}

TEST_F(LimiterTest, EndsWithABudget) {
  limiter.use({{.id = "x", .bytes = 1024}});
  auto limits = limiter.limits_of(host("a"));
  EXPECT_EQ(upgrade(host("a")), "");
  EXPECT_EQ(pass(limits, frames(20, 98)), 1100U);
  now += 1'000'000 * kSecond;
  const auto later = limiter.pass(limits, kSend, frames(1), now);
  EXPECT_EQ(later.bytes, 0U);
  EXPECT_EQ(later.hit->wait_ns, kForever);
  EXPECT_EQ(later.hit->reason, "limit 'x': a budget of 1024 bytes is spent");
  EXPECT_EQ(upgrade(host("a")), "limit 'x': a budget of 1024 bytes is spent");
  EXPECT_EQ(upgrade(host("b")), "");
}

TEST_F(LimiterTest, EndsWithADuration) {
  limiter.use({{.id = "x", .duration_ns = 60 * kSecond}});
  auto limits = limiter.limits_of(host("a"));
  EXPECT_EQ(upgrade(host("a")), "");
  now += 60 * kSecond - 1;
  EXPECT_EQ(pass(limits, frames(20)), 60U);
  EXPECT_EQ(upgrade(host("a")), "");
  now += 1;
  EXPECT_EQ(pass(limits, frames(20)), 0U);
  EXPECT_EQ(upgrade(host("a")), "limit 'x': its 1m are over");
  EXPECT_EQ(upgrade(host("b")), "") << "its time begins now";
}

TEST_F(LimiterTest, ForgetsWhatWasNotTaken) {
  limiter.use({{.id = "x", .frames_per_second = 10, .bytes_per_second = 30, .bytes = 18}});
  auto limits = limiter.limits_of(host("a"));
  const Buffer four = frames(4);
  EXPECT_EQ(pass(limits, four), 12U);
  limiter.give_back(limits, kSend, Bytes(four).subspan(3, 8));
  EXPECT_EQ(pass(limits, frames(9)), 12U) << "six in all, of which two were not taken";
}

// PIPE-3
TEST_F(LimiterTest, KeepsWhatItCountedWhenRulesAreReplaced) {
  limiter.use(
      {{.id = "x", .frames_per_second = 10, .bytes = 60}, {.id = "y", .per_host = false, .bytes = 60}});
  EXPECT_EQ(pass(host("a"), frames(5)), 15U);
  limiter.use({{.id = "x", .frames_per_second = 10, .bytes = 60}});
  EXPECT_EQ(pass(host("a"), frames(9)), 15U) << "five are left of this second";
  limiter.use({{.id = "x", .frames_per_second = 1000, .bytes = 60}});
  EXPECT_EQ(pass(host("a"), frames(90)), 30U) << "ten are left of the budget";
  limiter.use({{.id = "x", .bytes = 90}});
  EXPECT_EQ(pass(host("a"), frames(90)), 30U);
  limiter.use({{.id = "y", .per_host = false, .bytes = 60}});
  EXPECT_EQ(pass(host("a"), frames(90)), 60U) << "it was forgotten, and begins anew";
  limiter.use({});
  EXPECT_TRUE(limiter.limits_of(host("a")).tallies.empty());
}

TEST_F(LimiterTest, DoesNotWaitForAClockThatWasSetBack) {
  limiter.use({{.id = "x", .frames_per_second = 1}});
  auto limits = limiter.limits_of(host("a"));
  EXPECT_EQ(pass(limits, frames(1)), 3U);
  now -= 3600 * kSecond;
  EXPECT_EQ(limiter.pass(limits, kSend, frames(1), now).hit->wait_ns, kSecond);
  now += kSecond;
  EXPECT_EQ(pass(limits, frames(1)), 3U);
}

// Hosts come from clients: what is remembered of them is bounded.
TEST_F(LimiterTest, ForgetsHostsThatAreIdle) {
  limiter.use({{.id = "x", .upgrades_per_second = 1}});
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(upgrade(host(std::to_string(i))), "") << i;
    now += kSecond / 10'000;
  }
}

TEST_F(LimiterTest, RefusesWhatItCannotCount) {
  limiter.use({{.id = "x", .bytes = 1}});
  for (int i = 0; i < 65'536; ++i) ASSERT_EQ(upgrade(host(std::to_string(i))), "") << i;
  EXPECT_EQ(upgrade(host("one more")), "limit 'x': too many hosts to count");
  EXPECT_EQ(upgrade(host("7")), "");
}

// Workers ask all at once.
TEST_F(LimiterTest, CountsExactlyFromManyThreads) {
  limiter.use({{.id = "x", .frames_per_second = 1000}});
  std::atomic<std::size_t> passed{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        auto limits = limiter.limits_of(host("a"));
        for (int turn = 0; turn < 100; ++turn)
          passed += limiter.pass(limits, kSend, frames(7), now).bytes / 3;
      });
    for (int turn = 0; turn < 100; ++turn) limiter.use({{.id = "x", .frames_per_second = 1000}});
  }
  EXPECT_EQ(passed, 1000U);
}

}  // namespace
}  // namespace wstap::pipeline

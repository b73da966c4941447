// SPDX-License-Identifier: Apache-2.0
// What a client that watches is told, however slowly it reads (HOLD-7).
#include "libcore/control/watched_events.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/control_samples.h"

namespace wstap::control {
namespace {

using test::held_text;

class WatchQueue : public testing::Test {
 protected:
  void settle(pipeline::HeldId id) { watch.settled({id, "release", "Ada"}); }
  /// "+1:2 -1:2 caught ", in the order in which it is told.
  std::string told(std::size_t most = 1000) {
    std::string all;
    for (; most > 0; --most) {
      const auto event = watch.next();
      if (!event) break;
      if (const auto* held = std::get_if<Held>(&event->body)) all += "+" + to_text(held->item->id) + " ";
      if (const auto* settled = std::get_if<pipeline::Settled>(&event->body))
        all += "-" + to_text(settled->id) + " ";
      if (std::holds_alternative<Caught>(event->body)) all += fmt::format("caught{} ", event->serial);
    }
    return all;
  }

  int changes = 0;
  WatchedEvents watch{[this] { ++changes; }};
};

TEST_F(WatchQueue, TellsWhatThereIsThenWhatComes) {  // HOLD-6
  watch.begin({held_text(1, 2), held_text(1, 3)}, 9);
  watch.held(held_text(2, 2));
  EXPECT_EQ(told(), "+1:2 +1:3 caught9 +2:2 ");
  settle({1, 3});
  watch.held(held_text(2, 4));
  settle({1, 2});
  EXPECT_EQ(told(), "-1:3 +2:4 -1:2 ");
}

TEST_F(WatchQueue, WhatCameAndWentUnseenIsNotTold) {
  watch.begin({held_text(1, 2), held_text(1, 3)}, 9);
  EXPECT_EQ(told(1), "+1:2 ");
  settle({1, 3});
  watch.held(held_text(2, 2));
  settle({2, 2});
  settle({1, 2});
  settle({7, 7});
  EXPECT_EQ(told(), "caught9 -1:2 ");
}

// The port may tell of events before it has said what there was.
TEST_F(WatchQueue, WhatHappensWhileTheWatchBeginsIsNotLost) {
  watch.held(held_text(2, 2));
  settle({1, 2});
  watch.held(held_text(2, 3));
  settle({2, 3});
  EXPECT_EQ(told(), "");
  watch.begin({held_text(1, 2), held_text(1, 3)}, 9);
  EXPECT_EQ(told(), "+1:3 caught9 +2:2 ");
}

TEST_F(WatchQueue, SaysOnceThatThereIsSomething) {
  watch.begin({}, 1);
  watch.held(held_text(1, 2));
  watch.held(held_text(1, 3));
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(told(2), "caught1 +1:2 ");
  settle({1, 2});
  EXPECT_EQ(changes, 1) << "it has not been emptied";
  EXPECT_EQ(told(), "+1:3 -1:2 ");
  settle({1, 3});
  EXPECT_EQ(changes, 2);
}

TEST_F(WatchQueue, HoldsNoMoreThanThereIs) {
  watch.begin({}, 1);
  constexpr pipeline::Sequence kEvents = 100'000, kAtOnce = 50;
  for (pipeline::Sequence i = 0; i < kEvents; ++i) {
    watch.held(held_text(1, i));
    if (i >= kAtOnce) settle({1, i - kAtOnce});
    // A client that reads one event now and then.
    if (i % 1000 == 0) told(1);
    ASSERT_LE(watch.waiting(), 2 * kAtOnce + 2);
  }
}

TEST_F(WatchQueue, TakesEventsOfManyThreads) {
  watch.begin({}, 1);
  {
    std::vector<std::jthread> threads;
    for (pipeline::FlowId flow = 1; flow <= 4; ++flow)
      threads.emplace_back([this, flow] {
        for (pipeline::Sequence i = 0; i < 2000; ++i) {
          watch.held(held_text(flow, i));
          if (i % 2 == 0) settle({flow, i});
        }
      });
    for (int i = 0; i < 1000; ++i) told(3);
  }
  told(100'000);
  for (pipeline::FlowId flow = 1; flow <= 4; ++flow) settle({flow, 1});
  EXPECT_EQ(told(), "-1:1 -2:1 -3:1 -4:1 ");
}

}  // namespace
}  // namespace wstap::control

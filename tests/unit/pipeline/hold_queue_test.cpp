// SPDX-License-Identifier: Apache-2.0
// The queue that all flows share: places, turns, reviewers on other threads (HOLD-5, HOLD-7).
#include "libcore/pipeline/hold_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace wstap::test {
namespace {

using pipeline::HeldId;
using pipeline::HeldItem;
using pipeline::HoldParty;
using pipeline::HoldQueue;
using pipeline::Review;
using pipeline::ReviewAnswer;
using testing::ElementsAre;

class CountingParty final : public HoldParty {
 public:
  void review(std::shared_ptr<HoldParty>, Review review, std::function<void(ReviewAnswer)> done) override {
    reviewed.push_back(review.id);
    done({.by = review.by});
  }
  void room(std::shared_ptr<HoldParty>) override { ++times_told; }
  std::vector<HeldId> reviewed;
  int times_told = 0;
};

class Watching final : public pipeline::HoldWatcher {
 public:
  void held(const pipeline::HeldItemPtr& item) override { said.push_back("held " + to_text(item->id)); }
  void settled(const pipeline::Settled& settled) override {
    said.push_back(settled.how + " " + to_text(settled.id) + " by " + settled.by);
  }
  std::vector<std::string> said;
};

pipeline::HeldItemPtr item(pipeline::Sequence sequence) {
  auto made = std::make_shared<HeldItem>();
  made->id = {1, sequence};
  return made;
}

ReviewAnswer ask(HoldQueue& queue, HeldId id) {
  ReviewAnswer answer;
  queue.review({.id = id, .by = "ann"}, [&](ReviewAnswer given) { answer = std::move(given); });
  return answer;
}

TEST(HoldQueueTest, Hold5_PlacesAreCountedInFramesAndBytes) {
  HoldQueue queue;
  const pipeline::HoldSettings settings{.capacity = 2, .bytes = 100};
  EXPECT_TRUE(queue.take_place(60, settings));
  EXPECT_FALSE(queue.take_place(41, settings));
  EXPECT_TRUE(queue.take_place(40, settings));
  EXPECT_FALSE(queue.take_place(0, settings));
  EXPECT_FALSE(queue.has_room(settings));
  queue.leave_place(60);
  EXPECT_TRUE(queue.has_room(settings));
}

TEST(HoldQueueTest, Hold5_AllWhoWaitAreToldOfOtherSettings) {
  HoldQueue queue;
  const auto first = std::make_shared<CountingParty>(), second = std::make_shared<CountingParty>();
  queue.wait_for_room(first);
  queue.wait_for_room(second);
  queue.look_again();
  EXPECT_EQ(first->times_told + second->times_told, 2);
  queue.look_again();
  EXPECT_EQ(first->times_told + second->times_told, 2);
}

TEST(HoldQueueTest, Hold5_WhatIsAddedCounts) {
  HoldQueue queue;
  const pipeline::HoldSettings settings{.capacity = 9, .bytes = 100};
  EXPECT_TRUE(queue.take_place(60, settings));
  EXPECT_FALSE(queue.take_more(41, settings));
  EXPECT_TRUE(queue.take_more(30, settings));
  queue.must_take(20);
  EXPECT_FALSE(queue.take_place(1, settings));
  queue.leave_place(110);
  EXPECT_TRUE(queue.take_place(100, settings));
}

TEST(HoldQueueTest, Hold5_OneFrameMayBeLargerThanAllThatMayWait) {
  HoldQueue queue;
  EXPECT_TRUE(queue.take_place(1000, {.bytes = 100}));
}

TEST(HoldQueueTest, Hold5_WhoWaitsForRoomIsToldInTurn) {
  HoldQueue queue;
  const pipeline::HoldSettings settings{.capacity = 1};
  const auto first = std::make_shared<CountingParty>(), second = std::make_shared<CountingParty>();
  EXPECT_TRUE(queue.take_place(1, settings));
  queue.wait_for_room(std::make_shared<CountingParty>());  // gone before its turn
  queue.wait_for_room(first);
  queue.wait_for_room(second);
  queue.leave_place(1);
  EXPECT_EQ(first->times_told, 1);
  EXPECT_EQ(second->times_told, 0);
  queue.pass_on_room();
  EXPECT_EQ(second->times_told, 1);
}

TEST(HoldQueueTest, Hold7_WatchersHearOfAllThatComesAndGoes) {
  HoldQueue queue;
  const auto party = std::make_shared<CountingParty>();
  queue.show(item(2), party);
  Watching watching;
  EXPECT_EQ(queue.watch(watching).size(), 1U);
  queue.show(item(3), party);
  queue.settle({{1, 2}, "release", "ann"});
  queue.settle({{1, 2}, "drop", "bob"});
  queue.unwatch(watching);
  queue.settle({{1, 3}, "drop", "timeout"});
  EXPECT_THAT(watching.said, ElementsAre("held 1:3", "release 1:2 by ann"));
  pipeline::HoldStats stats;
  queue.add_to(stats);
  EXPECT_EQ(stats.held, 2U);
  EXPECT_EQ(stats.released, 1U);
  EXPECT_EQ(stats.dropped, 1U);
  EXPECT_EQ(stats.timed_out, 1U);
  EXPECT_EQ(stats.held_now, 0U);
}

TEST(HoldQueueTest, Hold7_LateReviewersAreToldWhoWasFirst) {
  HoldQueue queue;
  const auto party = std::make_shared<CountingParty>();
  queue.show(item(2), party);
  EXPECT_EQ(ask(queue, {1, 2}).by, "ann");
  EXPECT_EQ(party->reviewed.size(), 1U);
  queue.settle({{1, 2}, "release", "bob"});
  const auto late = ask(queue, {1, 2});
  EXPECT_TRUE(late.result == ReviewAnswer::Result::late);
  EXPECT_EQ(late.by, "bob");
  EXPECT_TRUE(ask(queue, {9, 9}).result == ReviewAnswer::Result::late);
}

TEST(HoldQueueTest, Hold7_WhoseFlowIsGoneIsLate) {
  HoldQueue queue;
  queue.show(item(2), std::make_shared<CountingParty>());
  EXPECT_TRUE(ask(queue, {1, 2}).result == ReviewAnswer::Result::late);
}

TEST(HoldQueueTest, Hold2_OldestFirst) {
  HoldQueue queue;
  const auto party = std::make_shared<CountingParty>();
  for (const pipeline::Sequence sequence : {9U, 4U, 7U}) queue.show(item(sequence), party);
  std::vector<pipeline::Sequence> order;
  for (const auto& each : queue.items()) order.push_back(each->id.sequence);
  EXPECT_THAT(order, ElementsAre(9, 4, 7));
  EXPECT_EQ(queue.item({1, 4})->id.sequence, 4U);
  EXPECT_EQ(queue.item({1, 5}), nullptr);
}

// For ThreadSanitizer: flows of two workers, and two reviewers.
TEST(HoldQueueTest, Hold7_ManyThreads) {
  HoldQueue queue;
  const auto party = std::make_shared<CountingParty>();
  std::atomic<int> late{0};
  {
    std::vector<std::jthread> threads;
    for (pipeline::FlowId flow = 1; flow <= 2; ++flow)
      threads.emplace_back([&, flow] {
        const pipeline::HoldSettings settings{.capacity = 10};
        for (pipeline::Sequence sequence = 2; sequence < 2000; ++sequence) {
          auto made = std::make_shared<HeldItem>();
          made->id = {flow, sequence};
          if (!queue.take_place(10, settings)) continue;
          queue.show(made, {});
          queue.settle({made->id, "release", "timeout"});
          queue.leave_place(10);
        }
      });
    for (int reviewer = 0; reviewer < 2; ++reviewer)
      threads.emplace_back([&] {
        for (pipeline::Sequence sequence = 2; sequence < 2000; ++sequence) {
          (void)queue.items();
          queue.review({.id = {1, sequence}}, [&](const ReviewAnswer&) { ++late; });
        }
      });
  }
  EXPECT_EQ(late, 2 * 1998);
  EXPECT_TRUE(queue.items().empty());
}

}  // namespace
}  // namespace wstap::test

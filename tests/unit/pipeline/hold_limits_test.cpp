// SPDX-License-Identifier: Apache-2.0
// HOLD-5: what becomes of what waits too long, and of what there is no room for.
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using pipeline::OnFull;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(HoldTest, Hold5_TimeoutReleases) {
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "x"));
  pass(std::chrono::seconds(59));
  EXPECT_FALSE(flow().has_chore(kSend, clock.now - 1) && items().empty());
  EXPECT_EQ(items().size(), 1U);
  pass(std::chrono::seconds(1));
  chores(kSend);
  EXPECT_THAT(said(kSend), testing::Contains("x"));
  EXPECT_EQ(became(2), "forwarded hold_timeout");
  EXPECT_TRUE(release(2).result == Result::late);
  EXPECT_EQ(release(2).by, "timeout");
}

TEST_F(HoldTest, Hold5_TimeoutDrops) {
  hold("send");
  hold_settings.on_timeout = pipeline::OnTimeout::drop;
  hold_settings.keepalive_ns = 0;
  held_flow();
  feed(kSend, text_frame(kSend, "x"));
  pass(std::chrono::seconds(60));
  chores(kSend);
  EXPECT_THAT(said(kSend), IsEmpty());
  EXPECT_EQ(became(2), "dropped hold_timeout");
}

/// What nobody can inflate.
class UnreadableHeld : public HoldTest {
 protected:
  UnreadableHeld() {
    extensions = "permessage-deflate";
    hold("send and text");
    hold_settings.keepalive_ns = 0;
  }
  Took feed_unreadable() {
    return feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("\xff\xff\xff"), .rsv = 4}));
  }
};

TEST_F(UnreadableHeld, Hold5_IsDroppedByTheTimeout) {
  hold_settings.on_timeout = pipeline::OnTimeout::drop;
  held_flow();
  feed_unreadable();
  pass(std::chrono::seconds(60));
  chores(kSend);
  EXPECT_THAT(said(kSend), IsEmpty());
  EXPECT_EQ(became(2), "dropped hold_timeout");
}

TEST_F(UnreadableHeld, Hold5_IsDroppedWhereTheQueueIsFull) {
  hold_settings.capacity = 1;
  hold_settings.on_full = OnFull::drop;
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed_unreadable();
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a"));
  EXPECT_EQ(became(3), "dropped hold_queue_full");
}

// DEF-5: what refers to it cannot be written anew.
TEST_F(UnreadableHeld, Hold3_IsDroppedByReviewersAndWhatRefersToItEndsTheFlow) {
  held_flow();
  feed_unreadable();
  EXPECT_TRUE(drop(2).result == Result::ok);
  chores(kSend);
  EXPECT_EQ(became(2), "dropped reviewer:ann");
  feed(kSend, text_frame(kSend, "not compressed"));
  release(3);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("not compressed"));
  feed_unreadable();
  release(4);
  chores(kSend);
  ASSERT_TRUE(chore_fault);
  EXPECT_EQ(chore_fault->detail, "behind an altered message");
}

TEST_F(HoldTest, Hold5_FullQueueWaits) {
  hold("send");
  hold_settings.capacity = 2;
  held_flow();
  for (const auto* each : {"a", "b", "c"}) feed(kSend, text_frame(kSend, each));
  EXPECT_TRUE(flow().stalls(kSend));
  EXPECT_THAT(held(), ElementsAre("a", "b"));
  release(2);
  chores(kSend);
  EXPECT_FALSE(flow().stalls(kSend));
  EXPECT_THAT(held(), ElementsAre("b", "c"));
}

// What waits for room was shown to nobody, so that its time has not begun.
TEST_F(HoldTest, Hold5_TheTimeoutRunsFromWhenItIsShown) {
  hold("send");
  hold_settings.capacity = 1;
  hold_settings.keepalive_ns = 0;
  held_flow();
  for (const auto* each : {"a", "b"}) feed(kSend, text_frame(kSend, each));
  pass(std::chrono::seconds(59));
  release(2);
  chores(kSend);
  EXPECT_THAT(held(), ElementsAre("b"));
  pass(std::chrono::seconds(59));
  chores(kSend);
  EXPECT_THAT(held(), ElementsAre("b"));
  pass(std::chrono::seconds(1));
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a", "b"));
  EXPECT_EQ(became(3), "forwarded hold_timeout");
}

TEST_F(HoldTest, Hold5_FullQueueReleases) {
  hold("send");
  hold_settings.capacity = 1;
  hold_settings.on_full = OnFull::release;
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kSend, text_frame(kSend, "b"));
  EXPECT_THAT(held(), ElementsAre("a"));
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a", "b"));
  EXPECT_EQ(became(3), "forwarded hold_queue_full");
  EXPECT_EQ(turned_away(), 1U);
}

TEST_F(HoldTest, Hold5_FullQueueDrops) {
  hold("send");
  hold_settings.capacity = 1;
  hold_settings.on_full = OnFull::drop;
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kSend, text_frame(kSend, "b"));
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a"));
  EXPECT_EQ(became(3), "dropped hold_queue_full");
  EXPECT_EQ(turned_away(), 1U);
}

}  // namespace
}  // namespace wstap::test

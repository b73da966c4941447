// SPDX-License-Identifier: Apache-2.0
// HOLD-1, HOLD-2, HOLD-3: what waits, in which order, and what decisions make of it.
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

Buffer ping(ws::Direction direction, std::string_view payload) {
  return proper(direction, {.opcode = 9, .payload = bytes(payload)});
}

TEST_F(HoldTest, Hold1_WhatMatchesWaitsAndWhatComesBehindIt) {
  hold("send and payload contains \"stop\"");
  held_flow();
  feed(kSend, text_frame(kSend, "one"));
  feed(kSend, text_frame(kSend, "stop"));
  feed(kSend, text_frame(kSend, "three"));
  EXPECT_THAT(said(kSend), ElementsAre("one"));
  EXPECT_THAT(held(), ElementsAre("stop"));
  EXPECT_TRUE(release(3).result == Result::ok);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("one", "stop", "three"));
  EXPECT_EQ(became(3), "forwarded reviewer:ann");
  EXPECT_EQ(became(4), "forwarded ");
  EXPECT_FALSE(flow().holds_any());
}

TEST_F(HoldTest, Hold1_OtherDirectionRunsOn) {
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "wait"));
  feed(kReceive, text_frame(kReceive, "free"));
  EXPECT_THAT(said(kSend), IsEmpty());
  EXPECT_THAT(said(kReceive), ElementsAre("free"));
}

TEST_F(HoldTest, Hold1_PauseFlowStopsTheOtherDirectionUntilDecided) {
  hold("send and text", true);
  held_flow();
  feed(kSend, text_frame(kSend, "wait"));
  feed(kReceive, text_frame(kReceive, "too"));
  EXPECT_THAT(said(kReceive), IsEmpty());
  release(2);
  chores(kReceive);
  chores(kSend);
  EXPECT_THAT(said(kReceive), ElementsAre("too"));
  EXPECT_THAT(said(kSend), ElementsAre("wait"));
}

TEST_F(HoldTest, Hold1_PauseFlowInBothDirectionsDoesNotLock) {
  hold("text", true);
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kReceive, text_frame(kReceive, "b"));
  EXPECT_THAT(held(), ElementsAre("a", "b"));
  release(2);
  release(3);
  chores(kSend);
  chores(kReceive);
  EXPECT_THAT(said(kSend), ElementsAre("a"));
  EXPECT_THAT(said(kReceive), ElementsAre("b"));
}

// ... nor where one direction waits for the room that the other takes.
TEST_F(HoldTest, Hold1_PauseFlowWithAFullQueueDoesNotLock) {
  hold("text", true);
  hold_settings.capacity = 1;
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kReceive, text_frame(kReceive, "b"));
  EXPECT_THAT(held(), ElementsAre("a"));
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a"));
  EXPECT_THAT(held(), ElementsAre("b"));
  release(3);
  chores(kReceive);
  EXPECT_THAT(said(kReceive), ElementsAre("b"));
}

// CAP-2: what became of a frame is recorded behind it, also where both are known at once.
TEST_F(HoldTest, Hold5_FaultInTheSameReadDropsWhatIsHeld) {
  hold("send and text");
  held_flow();
  std::vector<std::string> order;
  tap.on_burst = [&](const pipeline::Burst&) {
    order.push_back(std::to_string(tap.outcomes.size()) + " outcomes before the frames");
  };
  Buffer all = text_frame(kSend, "held");
  append(all, proper(kSend, {.opcode = 9, .payload = bytes("bad"), .fin = false}));
  EXPECT_TRUE(feed(kSend, all).fault);
  EXPECT_THAT(order, ElementsAre("0 outcomes before the frames"));
  EXPECT_EQ(became(2), "dropped fragmented_control");
}

TEST_F(HoldTest, Hold1_PingAndPongOvertakeAndCloseDoesNot) {
  hold("send and text");
  held_flow();
  feed(kSend, text_frame(kSend, "wait"));
  feed(kSend, ping(kSend, "p"));
  feed(kSend, proper(kSend, {.opcode = 10, .payload = bytes("q")}));
  feed(kSend, close_frame(kSend, 1000));
  EXPECT_THAT(said(kSend), ElementsAre("p", "q"));
  release(2);
  chores(kSend);
  const auto frames = frames_left(kSend);
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(frames[2].opcode, 1);
  EXPECT_EQ(frames[3].opcode, 8);
}

TEST_F(HoldTest, Hold1_ControlFramesWaitToo) {
  hold("send and text");
  hold_settings.control_waits = true;
  held_flow();
  feed(kSend, text_frame(kSend, "wait"));
  feed(kSend, ping(kSend, "p"));
  EXPECT_THAT(said(kSend), IsEmpty());
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("wait", "p"));
}

TEST_F(HoldTest, Hold5_DecisionsComeInAnyOrderAndFramesLeaveInTheirs) {
  hold("send and text");
  held_flow();
  for (const auto* each : {"a", "b", "c"}) feed(kSend, text_frame(kSend, each));
  EXPECT_THAT(held(), ElementsAre("a", "b", "c"));
  release(4);
  drop(3);
  chores(kSend);
  EXPECT_THAT(said(kSend), IsEmpty());
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a", "c"));
  EXPECT_EQ(became(3), "dropped reviewer:ann");
}

TEST_F(HoldTest, Hold2_ItemSaysWhatAReviewerWantsToKnow) {
  hold("send and text");
  held_flow();
  const Buffer frame = text_frame(kSend, "look");
  feed(kSend, frame);
  ASSERT_EQ(items().size(), 1U);
  const auto& item = *items()[0];
  EXPECT_EQ(to_text(item.id), "7:2");
  EXPECT_EQ(item.direction, kSend);
  EXPECT_EQ(item.opcode, 1);
  EXPECT_EQ(item.first, 2U);
  EXPECT_EQ(item.raw, frame);
  EXPECT_EQ(text(item.payload), "look");
  EXPECT_THAT(item.rules, ElementsAre("rule"));
  EXPECT_EQ(item.since_ns, clock.now);
  EXPECT_EQ(item.expires_ns, clock.now + 60'000'000'000);
  ASSERT_EQ(tap.frames.size(), 1U);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::pending);
  EXPECT_EQ(tap.frames[0].cause, "hold:rule");
}

TEST_F(HoldTest, Hold3_ModifiedBodyLeavesAndBothVersionsAreRecorded) {
  hold("send and text");
  held_flow();
  feed(kSend, text_frame(kSend, "before"));
  EXPECT_TRUE(modify(2, "and after").result == Result::ok);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("and after"));
  EXPECT_EQ(became(2), "changed reviewer:ann");
  ASSERT_TRUE(outcome_of(2)->sent);
  EXPECT_EQ(parse_frames(*outcome_of(2)->sent).at(0).payload, bytes("and after"));
}

TEST_F(HoldTest, Hold3_CloseCodeAndReason) {
  hold("close");
  held_flow();
  feed(kSend, close_frame(kSend, 1000, "bye"));
  EXPECT_TRUE(decide({.id = {7, 2}, .action = Review::Action::modify, .close_code = 4001}).result ==
              Result::ok);
  chores(kSend);
  ASSERT_EQ(frames_left(kSend).size(), 1U);
  EXPECT_EQ(frames_left(kSend)[0].payload, close_body(4001, "bye"));
}

TEST_F(HoldTest, Hold3_CloseCodeThatMayNotBeSentIsRefused) {
  hold("close");
  held_flow();
  feed(kSend, close_frame(kSend, 1000));
  const auto answer = decide({.id = {7, 2}, .action = Review::Action::modify, .close_code = 1005});
  EXPECT_TRUE(answer.result == Result::refused);
  EXPECT_THAT(answer.reason, testing::HasSubstr("1005"));
}

TEST_F(HoldTest, Hold3_CloseCodeOfATextIsRefusedAndItStillWaits) {
  hold("send and text");
  held_flow();
  feed(kSend, text_frame(kSend, "text"));
  const auto answer = decide({.id = {7, 2}, .action = Review::Action::modify, .close_code = 4001});
  EXPECT_TRUE(answer.result == Result::refused);
  EXPECT_THAT(answer.reason, testing::HasSubstr("Close"));
  EXPECT_EQ(items().size(), 1U);
}

TEST_F(HoldTest, Hold3_OpcodeAndFin) {
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "x"));
  EXPECT_TRUE(decide({.id = {7, 2}, .action = Review::Action::modify, .opcode = 2, .fin = false}).result ==
              Result::ok);
  chores(kSend);
  ASSERT_EQ(frames_left(kSend).size(), 1U);
  EXPECT_EQ(frames_left(kSend)[0].opcode, 2);
  EXPECT_FALSE(frames_left(kSend)[0].fin);
}

TEST_F(HoldTest, Hold3_RawBytesLeaveAsTheyAre) {
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "x"));
  const Buffer odd = {std::byte{0xf3}, std::byte{0x01}, std::byte{0x7f}};
  EXPECT_TRUE(decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = odd}).result == Result::ok);
  EXPECT_EQ(chores(kSend), odd);
  EXPECT_EQ(outcome_of(2)->sent, odd);
}

// DEF-4: what cannot be inflated is shown as on the wire, and only bytes of a reviewer's own can take its
// place.
TEST_F(HoldTest, Hold3_RawBytesInThePlaceOfWhatNobodyCanRead) {
  extensions = "permessage-deflate";
  hold("send and text");
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("\xff\xff\xff"), .rsv = 4}));
  ASSERT_EQ(items().size(), 1U);
  EXPECT_TRUE(items()[0]->inflation == ws::Inflation::opaque);
  EXPECT_EQ(items()[0]->payload, bytes("\xff\xff\xff"));
  EXPECT_TRUE(modify(2, "x").result == Result::refused);
  const Buffer raw = text_frame(kSend, "raw");
  EXPECT_TRUE(decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = raw}).result == Result::ok);
  EXPECT_EQ(chores(kSend), raw);
  EXPECT_EQ(became(2), "changed reviewer:ann");
}

TEST_F(HoldTest, Hold3_RawBytesHaveTheLimitOfAFrame) {
  hold("send");
  options.max_frame_bytes = 1000;
  held_flow();
  feed(kSend, text_frame(kSend, "x"));
  const auto raw = [&](std::size_t size) {
    return decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = Buffer(size)});
  };
  EXPECT_EQ(raw(1015).reason, "1015 bytes are over the limit of 1000 (--max-frame)");
  EXPECT_TRUE(raw(1014).result == Result::ok);
}

TEST_F(HoldTest, Hold3_TooLongForAControlFrameIsRefused) {
  hold("ping");
  held_flow();
  feed(kSend, ping(kSend, "p"));
  EXPECT_TRUE(modify(2, std::string(126, 'x')).result == Result::refused);
  EXPECT_TRUE(modify(2, std::string(125, 'x')).result == Result::ok);
}

TEST_F(HoldTest, Hold3_DropOfAFragmentDropsTheRestOfItsMessage) {
  hold("send and not fin");
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("a"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("c")}));
  feed(kSend, text_frame(kSend, "next"));
  EXPECT_THAT(held(), ElementsAre("a", "b"));
  drop(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("next"));
  EXPECT_THAT(items(), IsEmpty());
  EXPECT_EQ(became(3), "dropped reviewer:ann");
  EXPECT_EQ(became(4), "dropped reviewer:ann");
}

TEST_F(HoldTest, Pipe5_DropOfALaterFragmentEndsTheMessageThere) {
  hold("send and not fin and opcode == continuation");
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("a"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("c")}));
  drop(3);
  chores(kSend);
  const auto frames = frames_left(kSend);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_TRUE(frames[1].fin);
  EXPECT_THAT(frames[1].payload, IsEmpty());
  EXPECT_EQ(became(3), "truncated reviewer:ann");
  EXPECT_EQ(became(4), "dropped reviewer:ann");
}

TEST_F(HoldTest, Hold1_LastFragmentIsHeldAloneAndLeavesInItsPlace) {
  hold("send and fin and opcode == continuation");
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("a"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b")}));
  EXPECT_THAT(said(kSend), ElementsAre("a"));
  modify(3, "B");
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("a", "B"));
}

TEST_F(HoldTest, Hold1_MessageInFragmentsIsHeldAsOneWhereItsTextIsAskedFor) {
  hold("send and payload contains \"transfer\"");
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("trans"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("fer")}));
  EXPECT_THAT(held(), ElementsAre("transfer"));
  EXPECT_EQ(items()[0]->first, 2U);
  EXPECT_EQ(items()[0]->id.sequence, 3U);
  modify(3, "TRANSFER");
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("TRANS", "FER"));
}

TEST_F(HoldTest, Hold5_WhatIsHeldWhenAPeerIsGoneIsDropped) {
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kSend, text_frame(kSend, "b"));
  end(kSend, pipeline::StreamEnd::reset);
  finish();
  EXPECT_EQ(became(2), "dropped peer_gone");
  EXPECT_EQ(became(3), "dropped peer_gone");
  EXPECT_THAT(items(), IsEmpty());
}

TEST_F(HoldTest, Hold7_FirstDecisionWins) {
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kSend, text_frame(kSend, "b"));
  EXPECT_TRUE(release(2).result == Result::ok);
  const auto answer = decide({.id = {7, 2}, .action = Review::Action::drop, .by = "bob"});
  EXPECT_TRUE(answer.result == Result::late);
  EXPECT_EQ(answer.by, "ann");
  EXPECT_TRUE(release(99).result == Result::late);
}

}  // namespace
}  // namespace wstap::test

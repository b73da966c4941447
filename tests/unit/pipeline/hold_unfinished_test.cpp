// SPDX-License-Identifier: Apache-2.0
// HOLD-1, HOLD-2, HOLD-5, CAP-2: a message that is judged as one and cannot wait for its rest (--max-wait, a
// Close) is held as far as it came, and the recording says so of its last frame.
#include "tests/support/deflating_peer.h"
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class UnfinishedHeld : public HoldTest {
 protected:
  void SetUp() override { hold("send and payload contains \"stop\""); }

  void feed_beginning() {
    held_flow();
    feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("st"), .fin = false}));
    feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("op"), .fin = false}));
    EXPECT_THAT(FlowTest::release(kSend), IsEmpty());
    ASSERT_THAT(held(), ElementsAre("stop"));
    EXPECT_EQ(items()[0]->id.sequence, 3U);
    EXPECT_FALSE(items()[0]->whole);
    EXPECT_EQ(items()[0]->raw, proper(kSend, {.opcode = 0, .payload = bytes("op"), .fin = false}));
  }
  /// @return the payload of the frame that ends the message.
  Buffer feed_compressed_beginning() {
    extensions = "permessage-deflate";
    hold("send");
    held_flow();
    const Buffer whole = DeflatingPeer().message(bytes("compressed"));
    feed(kSend,
         proper(kSend, {.opcode = 1, .payload = to_buffer(Bytes(whole).first(4)), .fin = false, .rsv = 4}));
    EXPECT_THAT(FlowTest::release(kSend), IsEmpty());
    return to_buffer(Bytes(whole).subspan(4));
  }
  /// "2 pending hold:rule", ...; with who decided.
  std::vector<std::string> outcomes() const {
    std::vector<std::string> all;
    for (const auto& outcome : tap.outcomes) {
      std::string said = std::to_string(outcome.sequence) + " " + std::string(name(outcome.verdict));
      if (!outcome.cause.empty()) said += " " + outcome.cause;
      if (!outcome.decided_by.empty()) said += " by " + outcome.decided_by;
      all.push_back(std::move(said));
    }
    return all;
  }
};

TEST_F(UnfinishedHeld, Cap2_IsRecordedAsHeldFromThereOn) {
  feed_beginning();
  EXPECT_THAT(outcomes(), ElementsAre("3 pending hold:rule"));
  EXPECT_EQ(tap.outcomes[0].time_ns, clock.now);
  EXPECT_EQ(modify(3, "goes").result, Result::ok);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("go", "es"));
  EXPECT_THAT(outcomes(),
              ElementsAre("3 pending hold:rule", "2 changed reviewer:ann", "3 changed reviewer:ann by ann"));
}

TEST_F(UnfinishedHeld, Hold3_BecomesAMessageOfAnotherKind) {
  feed_beginning();
  EXPECT_EQ(decide({.id = {7, 3}, .action = Review::Action::modify, .opcode = 2}).result, Result::ok);
  chores(kSend);
  const auto frames = frames_left(kSend);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].opcode, 2);
  EXPECT_EQ(frames[1].opcode, 0);
  EXPECT_THAT(said(kSend), ElementsAre("st", "op"));
}

// The bytes leave in its place; what comes of it later is said to whoever can read it.
TEST_F(UnfinishedHeld, Hold3_RawBytesLeaveInItsPlace) {
  feed_beginning();
  const Buffer raw = proper(kSend, {.opcode = 1, .payload = bytes("mine"), .fin = false});
  EXPECT_EQ(decide({.id = {7, 3}, .action = Review::Action::send_raw, .raw = raw}).result, Result::ok);
  EXPECT_EQ(chores(kSend), raw);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("rest")}));
  EXPECT_THAT(said(kSend), ElementsAre("mine", "rest"));
  EXPECT_THAT(outcomes(),
              ElementsAre("3 pending hold:rule", "2 dropped reviewer:ann", "3 changed reviewer:ann by ann"));
  EXPECT_EQ(tap.outcomes.at(2).sent, raw);
}

TEST_F(UnfinishedHeld, Hold3_RawBytesInThePlaceOfACompressedOne) {
  const Buffer rest = feed_compressed_beginning();
  ASSERT_EQ(items().size(), 1U);
  const Buffer raw = text_frame(kSend, "mine");
  EXPECT_EQ(decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = raw}).result, Result::ok);
  EXPECT_EQ(chores(kSend), raw);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = rest}));
  EXPECT_EQ(left(kSend), raw);
  EXPECT_THAT(outcomes(), ElementsAre("2 pending hold:rule", "2 changed reviewer:ann by ann"));
  EXPECT_EQ(tap.frames.back().verdict, pipeline::Verdict::dropped);
}

// What has left of a compressed message cannot be held back with the rest, which is all that is decided
// about.
TEST_F(UnfinishedHeld, Hold2_TheRestOfACompressedOneIsNotWhole) {
  const Buffer rest = feed_compressed_beginning();
  release(2);
  chores(kSend);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = rest}));
  ASSERT_THAT(held(), ElementsAre("compressed"));
  EXPECT_FALSE(items()[0]->whole);
}

TEST_F(UnfinishedHeld, Hold5_TimeoutSaysThatItDecided) {
  feed_beginning();
  pass(std::chrono::nanoseconds(hold_settings.timeout_ns));
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("st", "op"));
  EXPECT_THAT(outcomes(),
              ElementsAre("3 pending hold:rule", "2 forwarded", "3 forwarded hold_timeout by timeout"));
}

TEST_F(UnfinishedHeld, Hold3_DroppedByAReviewer) {
  feed_beginning();
  drop(3);
  chores(kSend);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("rest")}));
  feed(kSend, text_frame(kSend, "next"));
  EXPECT_THAT(said(kSend), ElementsAre("next"));
  EXPECT_THAT(outcomes(),
              ElementsAre("3 pending hold:rule", "2 dropped reviewer:ann", "3 dropped reviewer:ann by ann"));
}

TEST_F(UnfinishedHeld, Hold5_FlowEndsBeforeAnybodyDecides) {
  feed_beginning();
  end(kSend, pipeline::StreamEnd::reset);
  finish();
  EXPECT_THAT(outcomes(),
              ElementsAre("3 pending hold:rule", "2 dropped peer_gone", "3 dropped peer_gone by gone"));
}

// The frames, that they are held, and the Close come in one read; then another fault in the same.
TEST_F(UnfinishedHeld, Cap2_InOneRead) {
  held_flow();
  Buffer all = proper(kSend, {.opcode = 1, .payload = bytes("stop"), .fin = false});
  append(all, close_frame(kSend, 1000));
  feed(kSend, all);
  ASSERT_THAT(tap.frames, testing::SizeIs(2));
  EXPECT_EQ(tap.frames[0].verdict, pipeline::Verdict::pending);
  EXPECT_THAT(outcomes(), ElementsAre("2 pending hold:rule"));
  EXPECT_THAT(held(), ElementsAre("stop"));
  release(2);
  chores(kSend);
  EXPECT_EQ(frames_left(kSend).size(), 2U);
  EXPECT_EQ(outcomes().at(1), "2 forwarded reviewer:ann by ann");
}

TEST_F(UnfinishedHeld, Hold5_FaultInTheSameRead) {
  held_flow();
  Buffer all = proper(kSend, {.opcode = 1, .payload = bytes("stop"), .fin = false});
  append(all, text_frame(kSend, "inside the message"));
  append(all, proper(kSend, {.opcode = 9, .payload = bytes("bad"), .fin = false}));
  EXPECT_TRUE(feed(kSend, all).fault);
  EXPECT_EQ(tap.frames.at(0).verdict, pipeline::Verdict::pending);
  EXPECT_THAT(outcomes(), ElementsAre("2 pending hold:rule", "2 dropped fragmented_control by gone",
                                      "3 dropped fragmented_control"));
}

}  // namespace
}  // namespace wstap::test

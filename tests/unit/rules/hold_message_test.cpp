// SPDX-License-Identifier: Apache-2.0
// Holding messages: compressed ones, those that safety rules judge, and those that come to no end (HOLD-1,
// HOLD-3, SAFE-6, DEF-6).
#include "libcore/rules/rule_set.h"
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class HeldMessages : public HoldTest {
 protected:
  void compress() { extensions = "permessage-deflate"; }
  void say(std::string_view content, std::size_t frames = 1) {
    for (const auto& frame : frames_of(1, true, in_pieces(sender.message(as_bytes(content)), frames)))
      feed(kSend, proper(kSend, frame));
  }
  void safety(std::string_view pattern) {
    auto rules = rules::parse("[[safety.input]]\nid = \"no\"\npattern = '" + std::string(pattern) + "'\n");
    ASSERT_TRUE(rules);
    steps.push_back(rules->safety_step);
  }
  std::vector<std::string> received() {
    ReceivingPeer receiver;
    receiver.take(frames_left(kSend));
    std::vector<std::string> all;
    for (const auto& message : receiver.messages) all.push_back(text(message.content));
    return all;
  }
  DeflatingPeer sender;
};

TEST_F(HeldMessages, Hold3_CompressedIsShownInflatedAndCompressedAgainWhenEdited) {
  compress();
  hold("send and text contains \"hold\"");
  held_flow();
  say("one one one");
  say("hold me, hold me", 3);
  say("one one one");
  EXPECT_THAT(held(), ElementsAre("hold me, hold me"));
  EXPECT_TRUE(items()[0]->compressed);
  EXPECT_EQ(items()[0]->first, 3U);
  modify(items()[0]->id.sequence, "edited");
  chores(kSend);
  say("one one one");
  EXPECT_THAT(received(), ElementsAre("one one one", "edited", "one one one", "one one one"));
}

TEST_F(HeldMessages, Def4_UntouchedWhenReleased) {
  compress();
  hold("send");
  held_flow();
  DeflatingPeer same;
  say("hello hello");
  say("hello hello");
  for (const auto& item : items()) release(item->id.sequence);
  chores(kSend);
  EXPECT_EQ(frames_left(kSend).at(0).payload, same.message(bytes("hello hello")));
  EXPECT_EQ(frames_left(kSend).at(1).payload, same.message(bytes("hello hello")));
}

TEST_F(HeldMessages, Def4_DroppedIsMissedByNobodyBehindIt) {
  compress();
  hold("send and text contains \"hold\"");
  held_flow();
  say("hold hold");
  say("behind, hold");
  say("behind");
  drop(2);
  release(3);
  chores(kSend);
  EXPECT_THAT(received(), ElementsAre("behind, hold", "behind"));
}

TEST_F(HeldMessages, Safe6_EditThatSafetyRulesBlockIsRefusedAndStillWaits) {
  safety("(?i)drop table");
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "select"));
  const auto answer = modify(2, "DROP TABLE");
  EXPECT_TRUE(answer.result == Result::refused);
  EXPECT_EQ(answer.reason, "safety:no");
  const auto raw =
      decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = text_frame(kSend, "drop table")});
  EXPECT_TRUE(raw.result == Result::refused);
  const auto odd = decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = bytes("odd")});
  EXPECT_TRUE(odd.result == Result::refused);
  EXPECT_EQ(items().size(), 1U);
  EXPECT_TRUE(
      decide({.id = {7, 2}, .action = Review::Action::send_raw, .raw = text_frame(kSend, "fine")}).result ==
      Result::ok);
  EXPECT_TRUE(flow().inject({.flow = 7, .payload = bytes("drop table")}).result == Result::refused);
}

// SAFE-6, PIPE-3: rules that came while a frame was held look at what leaves.
TEST_F(HeldMessages, Safe6_RulesThatComeMeanwhileJudgeWhatIsDecided) {
  hold("send");
  held_flow();
  for (const auto* each : {"drop table", "select", "other", "drop table"})
    feed(kSend, text_frame(kSend, each));
  EXPECT_TRUE(release(2).result == Result::ok);
  safety("drop table");
  flow().replan(pipeline::Pipeline(steps).with(hold_settings));
  EXPECT_TRUE(modify(3, "drop table").result == Result::refused);
  for (const pipeline::Sequence sequence : {3U, 4U}) EXPECT_TRUE(release(sequence).result == Result::ok);
  EXPECT_EQ(release(5).reason, "safety:no");
  EXPECT_TRUE(drop(5).result == Result::ok);
  chores(kSend);
  EXPECT_THAT(received(), ElementsAre("select", "other"));
  EXPECT_EQ(became(2), "blocked safety:no");
}

// SAFE-6: also a pattern that is in no piece of a message alone.
TEST_F(HeldMessages, Safe6_PiecesAreJudgedWithTheEndOfWhatLeftBefore) {
  safety("SECRET");
  hold("send and (text or continuation)");
  hold_settings.timeout_ns = 600'000'000'000;
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("hello"), .fin = false}));
  pass(30s);
  chores(kSend);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("world"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("again")}));
  ASSERT_EQ(items().size(), 3U);
  EXPECT_TRUE(modify(2, "xxSEC").result == Result::ok);
  EXPECT_TRUE(modify(3, "RETxx").result == Result::ok);
  EXPECT_TRUE(release(4).result == Result::ok);
  chores(kSend);
  EXPECT_EQ(said(kSend), (std::vector<std::string>{"xxSEC", ""}));
  EXPECT_EQ(became(3), "truncated safety:no");
}

// Rules go and come back in the middle of a message: it is shown as it will leave.
TEST_F(HeldMessages, Hold2_MessageThatNobodyWantedToReadForAWhile) {
  hold("send and payload contains \"H\"");
  held_flow();
  const auto rules = pipeline::Pipeline(steps).with(hold_settings);
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("H1"), .fin = false}));
  flow().replan(pipeline::Pipeline());
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("H2"), .fin = false}));
  flow().replan(rules);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("H3")}));
  EXPECT_THAT(held(), ElementsAre("H1H2H3"));
}

TEST_F(HeldMessages, Hold3_WhoDecidedIsRecordedWhateverRulesDoBehind) {
  hold("send");
  auto rules =
      rules::parse("[[transform]]\nid = \"t\"\nfilter = 'text'\nreplace = { pattern = 'a', with = 'b' }\n");
  ASSERT_TRUE(rules);
  steps.push_back(std::make_shared<steps::Transform>(rules->transforms));
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  release(2);
  chores(kSend);
  EXPECT_EQ(became(2), "changed rule:t");
  EXPECT_EQ(outcome_of(2)->decided_by, "ann");
}

TEST_F(HeldMessages, Safe2_WhatIsBlockedIsNotHeld) {
  safety("drop table");
  hold("send");
  held_flow();
  feed(kSend, text_frame(kSend, "drop table"));
  EXPECT_THAT(items(), IsEmpty());
  EXPECT_EQ(tap.frames.at(0).cause, "safety:no");
}

TEST_F(HeldMessages, Hold1_FragmentsThatSafetyRulesJudgeAreHeldAsOne) {
  safety("never");
  hold("send and not fin");
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("a"), .fin = false}));
  EXPECT_THAT(items(), IsEmpty());
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b")}));
  EXPECT_THAT(held(), ElementsAre("ab"));
  release(3);
  chores(kSend);
  EXPECT_THAT(received(), ElementsAre("ab"));
}

TEST_F(HeldMessages, Hold1_MessageThatWaitedLongEnoughIsHeldAsFarAsItCame) {
  hold("send and payload contains \"half\"");
  hold_settings.timeout_ns = 600'000'000'000;
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 1, .payload = bytes("half"), .fin = false}));
  pass(30s);
  chores(kSend);
  EXPECT_THAT(held(), ElementsAre("half"));
  EXPECT_FALSE(items()[0]->whole);
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes(" done")}));
  EXPECT_THAT(received(), IsEmpty());
  modify(2, "HALF");
  chores(kSend);
  EXPECT_THAT(received(), ElementsAre("HALF done"));
}

TEST_F(HeldMessages, Hold3_WhatCannotBeInflatedCannotBeEditedButReleased) {
  extensions = "permessage-deflate";
  options.max_message_bytes = 1000;
  hold("send and compressed");
  held_flow();
  say(std::string(5000, 'x'));
  ASSERT_EQ(items().size(), 1U);
  EXPECT_TRUE(modify(2, "y").result == Result::refused);
  EXPECT_TRUE(release(2).result == Result::ok);
  chores(kSend);
  EXPECT_THAT(received(), ElementsAre(std::string(5000, 'x')));
}

TEST_F(HeldMessages, Hold3_WhatCannotBeInflatedCanBeDropped) {
  extensions = "permessage-deflate";
  options.max_message_bytes = 1000;
  hold("send and compressed");
  held_flow();
  say(std::string(5000, 'x'));
  EXPECT_TRUE(drop(2).result == Result::ok);
  chores(kSend);
  say("next");
  release(3);
  chores(kSend);
  EXPECT_FALSE(chore_fault) << "it is over a bound, but was read";
  EXPECT_THAT(received(), ElementsAre("next"));
}

TEST_F(HeldMessages, Hold5_BytesBound) {
  hold("send and text");
  hold_settings.bytes = 100'000;
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  const Buffer large = proper(kSend, {.opcode = 2, .payload = Buffer(60'000)});
  feed(kSend, large);
  EXPECT_TRUE(flow().stalls(kSend));  // in memory it counts as it came, and as it is read
  release(2);
  chores(kSend);
  EXPECT_FALSE(flow().stalls(kSend));
  EXPECT_EQ(flow().buffered(kSend), 0U);
}

}  // namespace
}  // namespace wstap::test

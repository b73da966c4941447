// SPDX-License-Identifier: Apache-2.0
// What input rules block and log (SAFE-1, SAFE-2, SAFE-3), and that what rules made is checked too (SAFE-6).
#include "libcore/pipeline/frame_subject.h"
#include "libcore/steps/safety_presets.h"
#include "libcore/steps/transform.h"
#include "tests/unit/steps/replacing.h"
#include "tests/unit/steps/safety_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

// SAFE-1, SAFE-2: the whole message, wherever its fragments end, and nothing of it leaves.
TEST_F(SafetyInputs, BlockTextsThatClientsSend) {
  use({rule("no-drop-table", "(?i)drop\\s+table")});
  say({"select 1"});
  say({"DROP table users"});
  for (std::size_t at = 1; at < 10; ++at)
    say({std::string("drop table").substr(0, at), std::string("drop table").substr(at), ";"});
  say({"drop table"}, 2);  // binary is not checked unless a rule says so
  arrives({.opcode = 9, .payload = bytes("drop table")});
  feed(kReceive, text_frame(kReceive, "drop table"));
  EXPECT_THAT(received(), ElementsAre("select 1", "drop table"));
  EXPECT_EQ(receiver.controls.size(), 1U);
  EXPECT_EQ(frames_left(kReceive).size(), 1U);
  EXPECT_EQ(tap.frames[1].verdict, Verdict::blocked);
  EXPECT_EQ(tap.frames[1].cause, "safety:no-drop-table");
  for (const auto& outcome : tap.outcomes) EXPECT_EQ(outcome.verdict, Verdict::blocked);
  EXPECT_FALSE(flow().failed());
}

TEST_F(SafetyInputs, LookWhereTheyAreTold) {
  auto both = rule("both", "x");
  both.directions = {true, true};
  both.texts = false;
  both.binaries = both.controls = true;
  use({both});
  say({"x"});
  say({"x"}, 2);
  arrives({.opcode = 9, .payload = bytes("x")});
  feed(kReceive, proper(kReceive, {.opcode = 2, .payload = bytes("x")}));
  EXPECT_THAT(received(), ElementsAre("x"));
  EXPECT_THAT(receiver.controls, IsEmpty());
  EXPECT_THAT(frames_left(kReceive), IsEmpty());
}

// SAFE-3
TEST_F(SafetyInputs, OnlyLogWhereTheyAreToldTo) {
  use({rule("seen", "watch", false), rule("bad", "bad")});
  say({"watch this"});
  say({"wat", "ch"});
  say({"bad watch"});
  EXPECT_THAT(received(), ElementsAre("watch this", "watch"));
  EXPECT_THAT(tap.frames[0].logged, ElementsAre("seen"));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_THAT(tap.frames[2].logged, ElementsAre("seen"));
  EXPECT_EQ(tap.frames[3].verdict, Verdict::blocked);
}

// A byte that is no character hides nothing, where a pattern names characters or bytes.
TEST_F(SafetyInputs, FindCharactersBesideBytesThatAreNone) {
  use({rule("school", "(?i)\u00c9COLE"), rule("spans", "begin.*end")});
  for (const char* bad :
       {"\u00e9cole", "\u00e9cole \xff", "\xff\u00c9cole", "begin \xff end", "begin \u00e9 end"})
    say({bad});
  say({"ecole \xff"});
  EXPECT_THAT(received(), ElementsAre("ecole \xff"));
}

TEST_F(SafetyInputs, OfPresets) {
  use({{.spec = steps::find_preset("destructive-sql")->rule()}});
  say({R"({"q":"DELETE FROM users"})"});
  say({R"({"q":"DELETE FROM users WHERE id = 1"})"});
  EXPECT_THAT(received(), ElementsAre(R"({"q":"DELETE FROM users WHERE id = 1"})"));
}

// SAFE-2: what cannot be read.
TEST_F(SafetyInputs, BlockWhatTheyCannotRead) {
  extensions = "permessage-deflate";
  options.max_message_bytes = 100'000;
  use({rule("bad", "bad")});
  DeflatingPeer sender;
  const auto send = [&](Bytes compressed) {
    for (const auto& frame : frames_of(1, true, in_pieces(compressed, 2))) arrives(frame);
  };
  send(sender.message(Buffer(300'000, std::byte{'x'})));
  send(sender.message(bytes("good")));
  send(sender.message(bytes("bad")));
  send(sender.message(bytes("good again")));
  EXPECT_THAT(received(), ElementsAre("good", "good again"));
  EXPECT_EQ(tap.frames[1].cause, "safety:unreadable");
}

// ... is also what two peers have agreed on that nobody else knows.
TEST_F(SafetyInputs, BlockWhatAnUnknownExtensionMayMean) {
  extensions = "x-rot13";
  use({rule("bad", "bad")});
  say({"onq"});
  say({"o", "nq"});
  arrives({.opcode = 9, .payload = bytes("ping")});
  EXPECT_THAT(received(), IsEmpty());
  EXPECT_EQ(receiver.controls.size(), 1U);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::blocked);
  EXPECT_EQ(tap.frames[0].cause, "safety:unreadable");
}

TEST_F(SafetyInputs, LookAtAnUnknownExtensionAllTheSame) {
  extensions = "x-rot13";
  input.blocks_unreadable = false;
  use({rule("bad", "bad")});
  say({"ba", "d"});
  say({"good"});
  EXPECT_THAT(received(), ElementsAre("good"));
}

TEST_F(SafetyInputs, ReadWhatAnUnknownExtensionMayMeanWhereTheyAreTold) {
  extensions = "x-rot13";
  options.force_edit = true;
  use({rule("bad", "bad")});
  say({"ba", "d"});
  say({"good"});
  EXPECT_THAT(received(), ElementsAre("good"));
}

TEST_F(SafetyInputs, PassWhatTheyCannotReadWhereTheyMay) {
  extensions = "permessage-deflate";
  options.max_message_bytes = 100'000;
  input.blocks_unreadable = false;
  use({rule("bad", "bad")});
  DeflatingPeer sender;
  arrives({.payload = sender.message(Buffer(300'000, std::byte{'x'})), .rsv = 4});
  EXPECT_EQ(receiver.messages.size(), 1U);
}

// SAFE-2: at the limit of a message, what has come is judged as it is, and then each frame of the rest.
TEST_F(SafetyInputs, JudgeWhatHasComeOfALargeMessage) {
  options.max_message_bytes = 20;
  use({rule("bad", "bad")});
  say({"not good, not b", "ad, but large", "rest"});
  say({"not good, not ok", ", but large", " fine"});
  EXPECT_THAT(received(), ElementsAre("not good, not ok, but large fine"));
}

// ... with what came before it, also if that has left; PIPE-5: what cannot be taken back is cut off.
TEST_F(SafetyInputs, CutOffALargeMessageWhereItTurnsBad) {
  options.max_message_bytes = 20;
  use({rule("bad", "bad"), rule("odd", "odd", false)});
  say({"not good, not ok", ", but large b", "a", "d", " rest"});
  EXPECT_THAT(received(), ElementsAre("not good, not ok, but large ba"));
  EXPECT_EQ(tap.frames.at(3).verdict, Verdict::truncated);
  EXPECT_EQ(tap.frames.at(3).cause, "safety:bad");
  EXPECT_EQ(tap.frames.at(4).verdict, Verdict::blocked);
  say({"next"});
  EXPECT_EQ(received().back(), "next");
  say({"a large one that is o", "", "dd, and odd", "odd", "end"});
  EXPECT_EQ(received().back(), "a large one that is odd, and oddoddend");
  EXPECT_THAT(tap.frames.at(8).logged, ElementsAre("odd")) << "once";
  EXPECT_THAT(tap.frames.at(9).logged, IsEmpty());
}

// ... also where it only took too long to come.
TEST_F(SafetyInputs, CutOffASlowMessageWhereItTurnsBad) {
  use({rule("bad", "bad")});
  arrives({.payload = bytes("slowly b"), .fin = false});
  receiver.take(parse_frames(release(kSend)));
  arrives({.opcode = 9, .payload = bytes("bad")});
  arrives({.opcode = 0, .payload = bytes("a"), .fin = false});
  arrives({.opcode = 0, .payload = bytes("d")});
  EXPECT_THAT(received(), ElementsAre("slowly ba"));
}

// ... and under compression, where half a message says nothing: the flow ends.
TEST_F(SafetyInputs, EndAFlowWhereASlowCompressedMessageTurnsBad) {
  extensions = "permessage-deflate";
  use({rule("bad", "bad")});
  DeflatingPeer sender;
  const Buffer compressed = sender.message(bytes("slowly bad, and more of it"));
  const auto pieces = in_pieces(compressed, compressed.size());
  arrives({.payload = pieces[0], .fin = false, .rsv = 4});
  receiver.take(parse_frames(release(kSend)));
  std::optional<pipeline::LaneFault> fault;
  for (std::size_t i = 1; i < pieces.size() && !fault; ++i)
    fault = arrives({.opcode = 0, .payload = pieces[i], .fin = i + 1 == pieces.size()}).fault;
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->reason, "drop_open");
  EXPECT_EQ(fault->detail, "safety:bad");
  EXPECT_EQ(fault->close_code, 1008);
  EXPECT_THAT(received(), IsEmpty());
  EXPECT_EQ(tap.frames.back().verdict, Verdict::blocked);
}

// SAFE-3: ... and so it is said of it.
TEST_F(SafetyInputs, LogWhatHasComeOfAMessageThatWaitedTooLong) {
  use({rule("odd", "odd", false), rule("bad", "bad")});
  for (const bool same_turn : {false, true}) {
    SCOPED_TRACE(same_turn);
    tap.frames.clear();
    tap.outcomes.clear();
    Buffer come = proper(kSend, {.payload = bytes("od"), .fin = false});
    append(come, proper(kSend, {.opcode = 0, .payload = bytes("d"), .fin = false}));
    if (same_turn) append(come, close_frame(kSend, 1000));
    feed(kSend, come);
    if (same_turn) {
      EXPECT_THAT(tap.frames.at(1).logged, ElementsAre("odd"));
      EXPECT_THAT(tap.frames[0].logged, IsEmpty());
    } else {
      release(kSend, false);
      ASSERT_EQ(tap.outcomes.size(), 2U);
      EXPECT_THAT(tap.outcomes[0].logged, IsEmpty());
      EXPECT_THAT(tap.outcomes[1].logged, ElementsAre("odd"));
      feed(kSend, proper(kSend, {.opcode = 0}));
    }
  }
}

// SAFE-3: a message that passes as it comes, since nothing may block it, and never ends.
TEST_F(SafetyInputs, LogWhatHasComeOfAMessageThatNeverEnds) {
  use({rule("odd", "odd", false)});
  feed(kSend, proper(kSend, {.payload = bytes("od"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("d"), .fin = false}));
  EXPECT_THAT(tap.notes, IsEmpty());
  feed(kSend, text_frame(kSend, "another"));
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text, "unfinished: logged by odd: message of frame 2");

  feed(kSend, proper(kSend, {.payload = bytes("odd"), .fin = false}));
  feed(kSend, close_frame(kSend, 1000));
  ASSERT_EQ(tap.notes.size(), 2U);
  EXPECT_EQ(tap.notes[1].text, "unfinished: logged by odd: message of frame 5");
  finish();
  EXPECT_EQ(tap.notes.size(), 2U);
}

TEST_F(SafetyInputs, LogNothingOfAMessageThatDidNotLeave) {
  use({rule("odd", "odd", false)});
  steps::TransformRule cut{.id = "cut"};
  cut.filter = *filter::Filter::compile("length == 3", pipeline::vocabulary());
  cut.drop = true;
  steps.push_back(std::make_shared<steps::Transform>(std::vector{cut}));
  feed(kSend, proper(kSend, {.payload = bytes("odd"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("ended")}));
  feed(kSend, close_frame(kSend, 1000));
  EXPECT_THAT(tap.notes, IsEmpty());
  EXPECT_EQ(frames_left(kSend).size(), 1U);
}

TEST_F(SafetyInputs, LogWhatHasComeOfAMessageWhereTheFlowEnds) {
  extensions = "permessage-deflate";
  use({rule("odd", "odd", false)});
  DeflatingPeer sender;
  const auto said = sender.message(bytes("odd, and more"));
  feed(kSend, proper(kSend, {.payload = said, .fin = false, .rsv = 4}));
  end(kSend, pipeline::StreamEnd::eof);
  finish();
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text, "unfinished: logged by odd: message of frame 2");
}

// PIPE-3: from log_only to block, in the middle of a message that was let pass
TEST_F(SafetyInputs, BlockTheRestOfAMessageThatOthersOnlyLogged) {
  use({rule("odd", "odd", false)});
  arrives({.payload = bytes("b"), .fin = false});
  arrives({.opcode = 0, .payload = bytes("a"), .fin = false});
  steps.clear();
  use({rule("bad", "bad"), rule("odd", "odd", false)});
  flow().replan(pipeline::Pipeline(steps));
  arrives({.opcode = 0, .payload = bytes("d"), .fin = false});
  arrives({.opcode = 0, .payload = bytes("bad")});
  EXPECT_THAT(received(), ElementsAre("ba"));
  EXPECT_EQ(tap.frames.at(2).verdict, Verdict::truncated);
}

// PIPE-3, SAFE-2: rules that are replaced go on to look at a message behind what of it has left.
TEST_F(SafetyInputs, CutOffASlowMessageAlsoWhenTheyAreReplaced) {
  use({rule("bad", "bad")});
  arrives({.payload = bytes("slowly b"), .fin = false});
  receiver.take(parse_frames(release(kSend)));
  flow().replan(pipeline::Pipeline(steps));
  arrives({.opcode = 0, .payload = bytes("a"), .fin = false});
  flow().replan(pipeline::Pipeline(steps));
  arrives({.opcode = 0, .payload = bytes("d"), .fin = false});
  arrives({.opcode = 0, .payload = bytes(" end")});
  EXPECT_THAT(received(), ElementsAre("slowly ba"));
}

TEST_F(SafetyInputs, EndTheFlowWhereTheyAreToldTo) {
  input.closes = true;
  use({rule("bad", "bad")});
  const auto took = arrives({.payload = bytes("bad")});
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "blocked");
  const auto closed = finish();
  EXPECT_EQ(closed.state, pipeline::FlowState::error);
  EXPECT_EQ(closed.close_code, 1008);
  EXPECT_EQ(farewell(kReceive), close_body(1008));
  EXPECT_EQ(farewell(kSend), close_body(1001));
}

// SAFE-6
TEST_F(SafetyInputs, CheckWhatTransformsMade) {
  use({rule("bad", "bad"), rule("odd", "odd", false)});
  steps::TransformRule evil{.id = "evil"};
  evil.replacements = replacing("g(oo)d", "bad");
  steps::TransformRule strange{.id = "strange"};
  strange.replacements = replacing("even", "odd");
  steps.push_back(std::make_shared<steps::Transform>(std::vector{evil, strange}));
  say({"good"});
  say({"even"});
  say({"fine"});
  EXPECT_THAT(received(), ElementsAre("odd", "fine"));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::blocked);
  EXPECT_EQ(tap.frames[0].cause, "safety:bad");
  EXPECT_THAT(tap.frames[1].logged, ElementsAre("odd"));
}

TEST_F(SafetyInputs, CheckWhatTransformsInsert) {
  use({rule("bad", "bad")});
  steps::TransformRule inserts{.id = "inserts"};
  inserts.before = {{ws::kText, steps::Template::literal("bad")},
                    {ws::kText, steps::Template::literal("good")}};
  steps.push_back(std::make_shared<steps::Transform>(std::vector{inserts}));
  say({"x"});
  EXPECT_THAT(received(), ElementsAre("good", "x"));
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_NE(tap.notes[0].text.find("safety:bad"), std::string::npos);
}

}  // namespace
}  // namespace wstap::test

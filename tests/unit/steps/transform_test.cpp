// SPDX-License-Identifier: Apache-2.0
// What transforms make of frames and messages (PIPE-6).
#include "tests/unit/steps/transform_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using steps::TransformRule;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Transforms, ReplaceWhatAPatternMatches) {
  auto swap = rule("swap", "text");
  swap.replacements = replacing("(\\w+)@(\\w+)", "$2 at $1");
  use({swap});
  say({"a@b, c@d"});
  say({"nothing here"});
  say({"x", "x@y", "y"});  // across fragments, in as many
  EXPECT_THAT(received(), ElementsAre("b at a, d at c", "nothing here", "yy at xx"));
  EXPECT_THAT(receiver.frames_of_messages, ElementsAre(1U, 1U, 3U));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::changed);
  EXPECT_EQ(tap.frames[0].cause, "rule:swap");
  EXPECT_EQ(tap.frames[1].verdict, Verdict::forwarded);
}

TEST_F(Transforms, SetJsonAndNoOtherByte) {
  auto admin = rule("admin", "json(\"/role\") == \"user\"");
  admin.settings = {setting("/role", "\"admin\""), setting("/new", "[1]")};
  use({admin});
  say({R"({ "role" : "user","n":1.0})"});
  say({R"({"role":"guest"})"});
  EXPECT_THAT(received(), ElementsAre(R"({ "role" : "admin","n":1.0,"new":[1]})", R"({"role":"guest"})"));
}

TEST_F(Transforms, ComposeInOrder) {
  auto first = rule("first", "text == \"a\"");
  first.replacements = replacing("a", "b");
  auto second = rule("second", "text == \"b\"");
  second.replacements = replacing("b", "c");
  second.tags = {"twice"};
  use({first, second});
  say({"a"});
  say({"b"});
  EXPECT_THAT(received(), ElementsAre("c", "c"));
  EXPECT_EQ(tap.frames[0].cause, "rule:second");
  EXPECT_THAT(tap.frames[0].tags, ElementsAre("twice"));
}

TEST_F(Transforms, DropMessagesAndFrames) {
  auto bad = rule("bad", "text contains \"bad\"");
  bad.drop = true;
  auto pings = rule("pings", "ping and length > 2");
  pings.drop = true;
  use({bad, pings});
  say({"good"});
  say({"b", "ad"});
  arrives({.opcode = 9, .payload = bytes("123")});
  arrives({.opcode = 9, .payload = bytes("12")});
  EXPECT_THAT(received(), ElementsAre("good"));
  EXPECT_EQ(receiver.controls.size(), 1U);
  EXPECT_EQ(tap.frames[3].verdict, Verdict::dropped);
  EXPECT_EQ(tap.frames[3].cause, "rule:pings");
}

TEST_F(Transforms, TagWithoutChangingAnything) {
  auto large = rule("large", "length > 3");
  large.tags = {"large", "x"};
  use({large});
  say({"1234"});
  say({"123"});
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_THAT(tap.frames[0].tags, ElementsAre("large", "x"));
  EXPECT_TRUE(tap.frames[1].tags.empty());
  EXPECT_EQ(counters.frames_unmasked.load(), 0U) << "PIPE-2: it looks at headers only";
}

TEST_F(Transforms, SetOpcodeFinAndClose) {
  auto binary = rule("binary", "text");
  binary.opcode = ws::kBinary;
  auto closes = rule("closes", "close.code == 1000");
  closes.close_code = 4001;
  closes.close_reason = steps::Template::literal("ours");
  use({binary, closes});
  say({"hello"});
  const auto closing = parse_frames(feed(kSend, close_frame(kSend, 1000, "theirs")).out);
  EXPECT_EQ(receiver.messages.at(0), (PlainMessage{2, bytes("hello")}));
  EXPECT_EQ(closing.at(0).payload, close_body(4001, "ours"));
}

TEST_F(Transforms, InsertAroundAndCopy) {
  auto around = rule("around", "text == \"x\"");
  around.before = {{ws::kText, steps::Template::literal("before")}};
  around.after = {{ws::kPing, steps::Template::literal("after")}};
  around.copies = 2;
  use({around});
  say({"x"});
  say({"y"});
  EXPECT_THAT(received(), ElementsAre("before", "x", "x", "x", "y"));
  EXPECT_THAT(receiver.controls, ElementsAre(PlainMessage{9, bytes("after")}));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::injected);
  EXPECT_EQ(tap.frames[0].cause, "rule:around");
}

TEST_F(Transforms, PutFramesInThePlaceOfOne) {
  auto instead = rule("instead", "text contains \"x\"");
  instead.drop = true;
  instead.before = {{ws::kText, steps::Template::literal("before")}};
  instead.after = {{ws::kText, steps::Template::literal("after")}};
  use({instead});
  say({"x"});
  say({"y"});
  say({"a", "x"});
  EXPECT_THAT(received(), ElementsAre("before", "after", "y", "before", "after"));
}

// PIPE-6: fin of a message in one frame, compressed or not
TEST_F(Transforms, LeaveAMessageUnfinished) {
  extensions = "permessage-deflate";
  auto open = rule("open", "text and fin");
  open.fin = false;
  use({open});
  DeflatingPeer sender;
  feed(kSend, proper(kSend, {.opcode = 1, .payload = sender.message(bytes("x")), .rsv = 4}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("")}));
  const auto left = frames_left(kSend);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_FALSE(left[0].fin);
  EXPECT_EQ(left[0].rsv, 4);
  EXPECT_EQ(tap.frames.at(0).verdict, Verdict::changed);
}

// FIL-1: the RSV1 of a message is that of its first frame.
TEST_F(Transforms, KnowCompressedMessagesByTheirRsv) {
  extensions = "permessage-deflate";
  auto zipped = rule("zipped", "rsv == 4 and payload contains \"x\"");
  zipped.tags = {"zipped"};
  use({zipped});
  DeflatingPeer sender;
  for (const auto& frame : frames_of(1, true, in_pieces(sender.message(bytes("xyz")), 2))) arrives(frame);
  EXPECT_THAT(tap.frames.at(1).tags, ElementsAre("zipped"));
}

// A Close is no data, and what changes it is no matter of messages.
TEST_F(Transforms, OfClosesRefuseNothingOfMessages) {
  auto close = rule("close");
  close.close_code = 4000;
  auto whole = rule("whole", "text contains \"b\"");
  whole.tags = {"whole"};
  use({close, whole});
  say({"a", "b"});
  EXPECT_EQ(tap.frames.at(1).cause, "");
}

// PIPE-6: before is before the first fragment, though only the last says that the message is meant.
TEST_F(Transforms, InsertBeforeAMessageInFragments) {
  auto around = rule("around", "text == \"xyz\"");
  around.before = {{ws::kText, steps::Template::literal("before")}};
  around.after = {{ws::kText, steps::Template::literal("after")}};
  use({around});
  say({"x", "y", "z"});
  EXPECT_THAT(received(), ElementsAre("before", "xyz", "after"));
  EXPECT_THAT(receiver.frames_of_messages, ElementsAre(1U, 3U, 1U));
}

// FIL-2: rules about frames see frames, also of messages that another rule judges whole.
TEST_F(Transforms, OfFramesSeeThoseOfWholeMessages) {
  auto first = rule("first", "text and not fin");
  first.tags = {"first"};
  auto text_frames = rule("text", "text");
  text_frames.before = {{ws::kPing, steps::Template::literal("one")}};
  auto last = rule("last", "opcode == continuation and fin");
  last.tags = {"last"};
  auto each = rule("each", "length < 100");
  each.tags = {"each"};
  auto numbered = rule("numbered", "seq == 5");
  numbered.tags = {"numbered"};
  auto whole = rule("whole", "text contains \"bc\"");
  whole.tags = {"whole"};
  whole.replacements = replacing("c", "C");
  use({first, text_frames, last, each, numbered, whole});
  say({"a", "b", "c"});
  EXPECT_THAT(received(), ElementsAre("abC"));
  EXPECT_EQ(receiver.controls.size(), 1U);
  std::vector<std::vector<std::string>> tags;
  for (const auto& frame : tap.frames)
    if (frame.verdict != Verdict::injected) tags.push_back(frame.tags);
  EXPECT_THAT(tags, ElementsAre(ElementsAre("first", "each"), ElementsAre("each"),
                                ElementsAre("last", "each", "numbered", "whole")));
}

// PIPE-6: what becomes of a message is no matter of where its fragments end.
TEST_F(Transforms, OfFramesComeBeforeThoseOfMessages) {
  auto opens = rule("opens", "text contains \"secret\"");
  opens.opcode = ws::kBinary;
  auto no_text = rule("no-text", "text");
  no_text.drop = true;
  use({opens, no_text});
  say({"a secret"});
  say({"a sec", "ret"});
  EXPECT_THAT(received(), IsEmpty());
  for (const auto& frame : tap.frames) EXPECT_EQ(frame.cause, "rule:no-text");
}

// PIPE-3: a message of which some has left as it came, and rules that would change it
TEST_F(Transforms, LeaveTheRestAloneOfAMessageThatBeganBeforeThem) {
  begin_before_a_change(false);
  EXPECT_THAT(received(), ElementsAre("12#34#", "5@"));
}

TEST_F(Transforms, LeaveTheRestAloneOfACompressedMessageThatBeganBeforeThem) {
  begin_before_a_change(true);
  EXPECT_THAT(received(), ElementsAre("12#34#", "5@"));
}

// FIL-1: of the message so far, wherever its fragments end.
TEST_F(Transforms, SeeWhatRulesBeforeThemTagged) {
  auto first = rule("first", "text and length < 8");
  first.tags = {"short"};
  auto second = rule("second", "tag == \"short\" and fin");
  second.tags = {"short-last"};
  auto whole = rule("whole", "tag == \"short-last\" and payload contains \"x\"");
  whole.replacements = replacing("x", "y");
  use({whole, first, second});
  say({"x"});
  say({"a", "x"});
  say({"long enough x"});
  say({"x"});
  EXPECT_THAT(received(), ElementsAre("y", "ay", "long enough x", "y"));
}

TEST_F(Transforms, OfFramesCannotChangeThoseOfWholeMessages) {
  auto unfinished = rule("unfinished", "fin");
  unfinished.fin = false;
  auto whole = rule("whole", "text contains \"b\"");
  whole.tags = {"whole"};
  use({unfinished, whole});
  say({"a", "b"});
  EXPECT_THAT(received(), ElementsAre("ab"));
  EXPECT_EQ(tap.frames.at(1).cause, "edit_refused:fragment_of_message");
  EXPECT_THAT(tap.frames[1].tags, ElementsAre("whole"));
}

// LIM-2: a frame that waited is judged again with what has come, and rules about frames have seen it.
TEST_F(Transforms, OfFramesSeeAFrameOnce) {
  auto each = rule("each", "length == 1");
  each.after = {{ws::kPing, steps::Template::literal("once")}};
  auto whole = rule("whole", "text contains \"b\"");
  whole.drop = true;
  use({each, whole});
  feed(kSend, proper(kSend, {.payload = bytes("a"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 10, .payload = bytes("between")}));
  receiver.take(parse_frames(release(kSend)));
  EXPECT_EQ(parse_frames(left(kSend)).size(), 2U);
  EXPECT_TRUE(receiver.in_message());
  EXPECT_TRUE(receiver.controls.empty()) << "it left when the frame came";
}

// Opcodes are of messages, however these are cut, and of no control frame.
TEST_F(Transforms, SetTheOpcodeOfMessagesInFragments) {
  auto binary = rule("binary", "send");
  binary.opcode = ws::kBinary;
  use({binary});
  say({"a", "b"});
  arrives({.opcode = 9, .payload = bytes("ping")});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{2, bytes("ab")}));
  EXPECT_THAT(receiver.controls, ElementsAre(PlainMessage{9, bytes("ping")}));
}

// PIPE-2: a rule that cannot match in this direction, or on this host, is in no plan.
TEST_F(Transforms, CostNothingWhereTheyCannotMatch) {
  auto elsewhere = rule("elsewhere", "receive and host == \"elsewhere\" and text contains \"x\"");
  elsewhere.drop = true;
  use({elsewhere});
  say({"x", "y"});
  EXPECT_THAT(received(), ElementsAre("xy"));
  EXPECT_EQ(counters.frames_unmasked.load(), 0U);
  EXPECT_TRUE(tap.outcomes.empty());
}

// PIPE-2: messages that no rule can match pass as if there were none, and those that one can are judged in
// order.
TEST_F(Transforms, OfControlFramesLeaveMessagesAlone) {
  auto no_pings = rule("no-pings", "ping");
  no_pings.drop = true;
  auto fragments = rule("fragments", "not fin");
  fragments.tags = {"part"};
  use({no_pings, fragments});
  const std::string large(70'000, 'x');
  Buffer come;
  std::vector<std::string> said;
  const auto message = [&](std::string_view payload) {
    append(come, text_frame(kSend, payload));
    said.emplace_back(payload);
  };
  message("a");
  message(large);
  append(come, proper(kSend, {.opcode = 9, .payload = bytes("gone")}));
  message("b");
  append(come, proper(kSend, {.payload = bytes("c"), .fin = false}));
  append(come, proper(kSend, {.opcode = 10, .payload = bytes("pong")}));
  append(come, proper(kSend, {.opcode = 0, .payload = bytes("d")}));
  said.emplace_back("cd");
  message("e");
  append(come, close_frame(kSend, 1000));
  for (const std::size_t piece : {come.size(), std::size_t{1000}, std::size_t{3}}) {
    SCOPED_TRACE(piece);
    restart();
    ReceivingPeer peer;
    for (std::size_t at = 0; at < come.size(); at += piece)
      peer.take(parse_frames(feed(kSend, Bytes(come).subspan(at, std::min(piece, come.size() - at))).out));
    std::vector<std::string> heard;
    for (const auto& each : peer.messages) heard.push_back(text(each.content));
    EXPECT_EQ(heard, said);
    EXPECT_EQ(peer.controls.size(), 2U);
    EXPECT_EQ(tap.received(kSend), come);
    ASSERT_EQ(tap.frames.size(), 9U);
    EXPECT_EQ(tap.frames[2].verdict, Verdict::dropped);
    EXPECT_THAT(tap.frames[4].tags, ElementsAre("part"));
    EXPECT_EQ(counters.frames_unmasked, 0U);
  }
}

// What comes in one read is judged in as few turns as may be.
TEST_F(Transforms, OfControlFramesEndATurnWhereOneBegins) {
  auto no_pings = rule("no-pings", "ping");
  no_pings.drop = true;
  use({no_pings});
  Buffer come = text_frame(kSend, "a");
  const std::size_t before = come.size();
  append(come, proper(kSend, {.opcode = 9, .payload = bytes("gone")}));
  append(come, text_frame(kSend, "b"));
  pipeline::LaneScratch scratch;
  auto turn = flow().take(kSend, come, clock.now, scratch);
  EXPECT_EQ(turn.used, before);
  EXPECT_TRUE(turn.more);
  turn = flow().take(kSend, MutableBytes(come).subspan(before), clock.now, scratch);
  EXPECT_EQ(turn.used, come.size() - before);
  EXPECT_FALSE(turn.more);
  EXPECT_EQ(parse_frames(turn.out).size(), 1U);
}

TEST_F(Transforms, OfOneDirectionLeaveTheOtherAlone) {
  auto sends = rule("sends", "send and text contains \"x\"");
  sends.drop = true;
  use({sends});
  say({"x"});
  feed(kReceive, text_frame(kReceive, "x"));
  EXPECT_TRUE(received().empty());
  EXPECT_EQ(frames_left(kReceive).size(), 1U);
}

// DEF-4 to DEF-6: the same under compression.
TEST_F(Transforms, ReachCompressedMessages) {
  extensions = "permessage-deflate";
  auto admin = rule("admin", "json(\"/role\") == \"user\"");
  admin.settings = {setting("/role", "\"admin\"")};
  use({admin});
  DeflatingPeer sender;
  for (const char* content :
       {R"({"role":"user","a":1})", R"({"role":"user","a":2})", "untouched", R"({"role":"x"})"})
    for (const auto& frame : frames_of(1, true, in_pieces(sender.message(bytes(content)), 2))) arrives(frame);
  EXPECT_THAT(received(), ElementsAre(R"({"role":"admin","a":1})", R"({"role":"admin","a":2})", "untouched",
                                      R"({"role":"x"})"));
}

}  // namespace
}  // namespace wstap::test

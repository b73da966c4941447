// SPDX-License-Identifier: Apache-2.0
// Altering compressed messages: whatever a step does, a strict peer reads what it should, and nothing is
// written anew that need not be (DEF-4, DEF-6).
#include <algorithm>

#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::StepKind;
using pipeline::Verdict;
using testing::ElementsAre;

/// Changes "bad" to "good", drops "secret", by the whole payload.
Decision edit_words(const Envelope& envelope, Bytes payload) {
  if (!envelope.says_content()) return {};
  if (text(payload) == "bad") return replaced(envelope, bytes("good"), "rule-1");
  if (text(payload) == "secret") return dropped("rule-2");
  return {};
}

class CompressedEdit : public FlowTest {
 protected:
  CompressedEdit() {
    extensions = "permessage-deflate";
    steps = {scripted(StepKind::transform, edit_words)};
  }
  /// One message arrives, compressed, each frame by itself. @return what left.
  std::vector<ParsedFrame> say(std::string_view content, std::size_t frames = 1, std::uint8_t opcode = 1) {
    Buffer left;
    for (const auto& frame : frames_of(opcode, true, in_pieces(sender.message(as_bytes(content)), frames)))
      append(left, feed(kSend, proper(kSend, frame)).out);
    auto parsed = parse_frames(left);
    receiver.take(parsed);
    return parsed;
  }
  std::vector<std::string> received() const {
    std::vector<std::string> all;
    for (const auto& message : receiver.messages) all.push_back(text(message.content));
    return all;
  }
  DeflatingPeer sender;
  ReceivingPeer receiver;
};

// DEF-4: original bytes until a message is changed; from then on, with takeover, every later one is written
// anew.
TEST_F(CompressedEdit, RecompressesFromTheFirstChangeOn) {
  DeflatingPeer same;
  EXPECT_EQ(say("hello hello")[0].payload, same.message(bytes("hello hello")));
  say("bad");
  say("hello hello");
  say("bad");
  EXPECT_THAT(received(), ElementsAre("hello hello", "good", "hello hello", "good"));
  ASSERT_EQ(tap.frames.size(), 4U);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_FALSE(tap.frames[0].sent);
  EXPECT_EQ(tap.frames[1].verdict, Verdict::changed);
  EXPECT_EQ(tap.frames[1].cause, "rule-1");
  EXPECT_EQ(tap.frames[2].verdict, Verdict::changed);
  EXPECT_EQ(tap.frames[2].cause, "recompressed");
  ASSERT_TRUE(tap.frames[2].sent);
  EXPECT_EQ(parse_frames(*tap.frames[2].sent)[0].rsv, 4);
}

// DEF-4: a dropped message is missing in the peer's window just as well.
TEST_F(CompressedEdit, RecompressesBehindADrop) {
  say("one and one");
  EXPECT_TRUE(say("secret").empty());
  say("one and one");
  EXPECT_THAT(received(), ElementsAre("one and one", "one and one"));
  EXPECT_EQ(tap.frames[1].verdict, Verdict::dropped);
  EXPECT_EQ(tap.frames[2].cause, "recompressed");
}

// DEF-4: without takeover only the changed message is.
TEST_F(CompressedEdit, RecompressesOneMessageWithoutTakeover) {
  extensions = "permessage-deflate; client_no_context_takeover";
  DeflatingPeer alone({.takeover = false});
  ReceivingPeer strict(false);
  for (const auto* content : {"before", "bad", "secret", "behind"}) {
    const auto payload = alone.message(as_bytes(content));
    const auto left = parse_frames(feed(kSend, proper(kSend, {.payload = payload, .rsv = 4})).out);
    if (std::string_view(content).starts_with("be")) {
      EXPECT_EQ(left.at(0).payload, payload);
    }
    strict.take(left);
  }
  EXPECT_THAT(strict.messages, ElementsAre(PlainMessage{1, bytes("before")}, PlainMessage{1, bytes("good")},
                                           PlainMessage{1, bytes("behind")}));
  EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
}

// DEF-4: one direction's changes are none of the other's, nor are those to uncompressed messages and control
// frames.
TEST_F(CompressedEdit, TouchesNothingElse) {
  feed(kSend, text_frame(kSend, "bad"));
  feed(kSend, text_frame(kSend, "secret"));
  feed(kSend, proper(kSend, {.opcode = 9, .payload = bytes("bad")}));
  say("bad");
  DeflatingPeer server;
  const auto payload = server.message(bytes("untouched"));
  EXPECT_EQ(parse_frames(feed(kReceive, proper(kReceive, {.payload = payload, .rsv = 4})).out)[0].payload,
            payload);
  const auto plain = parse_frames(feed(kSend, text_frame(kSend, "plain")).out);
  EXPECT_EQ(plain[0].rsv, 0);
  EXPECT_EQ(text(plain[0].payload), "plain");
}

TEST_F(CompressedEdit, AChangeToPlainDataRecompressesNothing) {
  feed(kSend, text_frame(kSend, "bad"));
  feed(kSend, text_frame(kSend, "secret"));
  DeflatingPeer same;
  EXPECT_EQ(say("as it came")[0].payload, same.message(bytes("as it came")));
}

// DEF-6: nothing of a compressed message leaves before its last frame; then as many frames as came.
TEST_F(CompressedEdit, KeepsFragmentsUntilTheMessageIsWhole) {
  const auto frames = frames_of(1, true, in_pieces(sender.message(bytes("bad")), 4));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(feed(kSend, proper(kSend, frames[i])).out.empty());
    EXPECT_EQ(tap.frames[i].verdict, Verdict::pending);
  }
  EXPECT_GT(flow().buffered(kSend), 0U);
  const auto ping = feed(kSend, proper(kSend, {.opcode = 9, .payload = bytes("meanwhile")}));
  EXPECT_EQ(parse_frames(ping.out).size(), 1U) << "control frames pass";
  receiver.take(parse_frames(feed(kSend, proper(kSend, frames[3])).out));
  EXPECT_THAT(received(), ElementsAre("good"));
  EXPECT_THAT(receiver.frames_of_messages, ElementsAre(4U));
  EXPECT_EQ(flow().buffered(kSend), 0U);

  // CAP-2: what became of those that were pending is recorded before they leave.
  ASSERT_EQ(tap.outcomes.size(), 3U);
  Buffer sent;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(tap.outcomes[i].flow, 7U);
    EXPECT_EQ(tap.outcomes[i].sequence, 2 + i);
    EXPECT_EQ(tap.outcomes[i].verdict, Verdict::changed);
    EXPECT_EQ(tap.outcomes[i].cause, "rule-1");
    append(sent, tap.outcomes[i].sent.value());
  }
  EXPECT_EQ(tap.frames[4].verdict, Verdict::changed);
  append(sent, tap.frames[4].sent.value());
  EXPECT_TRUE(std::ranges::equal(Bytes(left(kSend)).last(sent.size()), sent));
}

// DEF-6: unchanged, they leave as they came; those of one turn need no second record.
TEST_F(CompressedEdit, LetsAnUnchangedMessageGoAsItCame) {
  Buffer all;
  for (const auto& frame : frames_of(2, true, in_pieces(sender.message(bytes("fine")), 3)))
    append(all, proper(kSend, frame));
  EXPECT_EQ(parse_frames(feed(kSend, all).out), parse_frames(all));
  EXPECT_TRUE(tap.outcomes.empty());
  for (const auto& frame : tap.frames) EXPECT_EQ(frame.verdict, Verdict::forwarded);

  const auto frames = frames_of(2, true, in_pieces(sender.message(bytes("fine")), 2));
  EXPECT_TRUE(feed(kSend, proper(kSend, frames[0])).out.empty());
  EXPECT_EQ(parse_frames(feed(kSend, proper(kSend, frames[1])).out).size(), 2U);
  ASSERT_EQ(tap.outcomes.size(), 1U);
  EXPECT_EQ(tap.outcomes[0].verdict, Verdict::forwarded);
}

// DEF-6: a drop takes all of the message along, also by a frame that is not the last.
TEST_F(CompressedEdit, DropsAllFramesOfAMessage) {
  say("before");
  EXPECT_TRUE(say("secret", 3).empty());
  EXPECT_THAT(tap.outcomes, testing::SizeIs(2));
  for (const auto& outcome : tap.outcomes) EXPECT_EQ(outcome.verdict, Verdict::dropped);
  say("behind");
  EXPECT_THAT(received(), ElementsAre("before", "behind"));
}

TEST_F(CompressedEdit, DropsAMessageByAnyOfItsFrames) {
  steps = {scripted(StepKind::transform, [](const Envelope& envelope, Bytes) {
    return envelope.placement.part == ws::Part::middle ? dropped("rule-3") : Decision{};
  })};
  EXPECT_TRUE(say("any message of three", 3).empty());
  say("another");
  EXPECT_THAT(received(), ElementsAre("another"));
  EXPECT_EQ(tap.outcomes.at(0).cause, "rule-3");
  EXPECT_EQ(tap.frames.at(2).verdict, Verdict::dropped);
}

// DEF-2, DEF-6: the last frame stands for the message; the ones before it can only be dropped or released.
TEST_F(CompressedEdit, RefusesToEditAFragment) {
  const auto eager = scripted(StepKind::transform, [](const Envelope& envelope, Bytes) {
    return envelope.placement.part == ws::Part::last ? Decision{} : replaced(envelope, bytes("x"), "rule");
  });
  steps = {eager};
  say("a message in three", 3);
  EXPECT_THAT(received(), ElementsAre("a message in three"));
  EXPECT_EQ(text(eager->seen.back().payload), "a message in three");
  DeflatingPeer same;
  EXPECT_EQ(eager->seen.front().payload, in_pieces(same.message(bytes("a message in three")), 3)[0]);
  EXPECT_EQ(tap.outcomes.at(0).cause, "edit_refused:fragment_of_compressed");
}

}  // namespace
}  // namespace wstap::test

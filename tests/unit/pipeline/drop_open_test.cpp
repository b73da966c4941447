// SPDX-License-Identifier: Apache-2.0
// Drops inside messages, and frames of wstap's own among those that came: what the peer gets is whole
// messages (PIPE-5, HOLD-3).
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::NewFrame;
using pipeline::StepKind;
using pipeline::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

class DropOpen : public FlowTest {
 protected:
  DropOpen() {
    steps = {scripted(StepKind::transform, [this](const Envelope&, Bytes payload) {
      return text(payload) == "x" ? dropped("rule", verdict) : Decision{};
    })};
  }
  void say(std::vector<std::string> pieces) {
    std::vector<Buffer> payloads;
    for (const auto& piece : pieces) payloads.push_back(bytes(piece));
    for (const auto& frame : frames_of(1, false, payloads))
      receiver.take(parse_frames(feed(kSend, proper(kSend, frame)).out));
  }
  std::vector<Verdict> verdicts() const {
    std::vector<Verdict> all;
    for (const auto& frame : tap.frames) all.push_back(frame.verdict);
    return all;
  }
  ReceivingPeer receiver;
  Verdict verdict = Verdict::blocked;  ///< of what is dropped
};

// PIPE-5: what has left of a message ends where the drop is.
TEST_F(DropOpen, TruncatesWhatHasLeft) {
  say({"a", "b", "x", "c", "d"});
  say({"next"});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{1, bytes("ab")}, PlainMessage{1, bytes("next")}));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::forwarded, Verdict::forwarded, Verdict::truncated,
                                      Verdict::blocked, Verdict::blocked, Verdict::forwarded));
  EXPECT_EQ(tap.frames[2].cause, "rule");
  EXPECT_EQ(tap.frames[3].cause, "rule");
  const auto sent = parse_frames(tap.frames[2].sent.value());
  EXPECT_EQ(sent.at(0), (ParsedFrame{.opcode = 0, .fin = true}));
}

TEST_F(DropOpen, TruncatesAtTheLastFrame) {
  say({"a", "b", "x"});
  say({"next"});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{1, bytes("ab")}, PlainMessage{1, bytes("next")}));
}

// PIPE-5: whole or not at all, wherever that can still be chosen.
TEST_F(DropOpen, DropsAMessageByItsFirstFrame) {
  say({"x", "b", "c"});
  say({"next"});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{1, bytes("next")}));
  EXPECT_THAT(verdicts(),
              ElementsAre(Verdict::blocked, Verdict::blocked, Verdict::blocked, Verdict::forwarded));
}

TEST_F(DropOpen, LeavesControlFramesAlone) {
  feed(kSend, proper(kSend, {.payload = bytes("a"), .fin = false}));
  EXPECT_TRUE(feed(kSend, proper(kSend, {.opcode = 9, .payload = bytes("x")})).out.empty());
  EXPECT_FALSE(feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b")})).out.empty());
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::forwarded, Verdict::blocked, Verdict::forwarded));
}

// PIPE-5: --drop-open close
TEST_F(DropOpen, ClosesIfAsked) {
  options.drop_open = pipeline::DropOpen::close;
  say({"a"});
  feed(kSend, proper(kSend, {.payload = bytes("a"), .fin = false}));
  const auto took = feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("x")}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "drop_open");
  EXPECT_TRUE(took.out.empty());
  const auto closed = finish();
  EXPECT_EQ(closed.state, pipeline::FlowState::error);
  EXPECT_EQ(farewell(kSend).value(), close_body(1008));
  EXPECT_EQ(farewell(kReceive).value(), close_body(1008));
}

// FRM-6: what an unknown extension makes of data frames is not known, so that they are not edited.
TEST_F(DropOpen, RefusesUnderAnUnknownExtension) {
  extensions = "x-unknown";
  verdict = Verdict::dropped;
  const auto frame = text_frame(kSend, "x");
  EXPECT_EQ(feed(kSend, frame).out, frame);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_EQ(tap.frames[0].cause, "edit_refused:unknown_extension");
  EXPECT_TRUE(feed(kSend, proper(kSend, {.opcode = 9, .payload = bytes("x")})).out.empty());
}

// SAFE-2: what must not pass does not pass.
TEST_F(DropOpen, BlocksUnderAnUnknownExtension) {
  extensions = "x-unknown";
  EXPECT_TRUE(feed(kSend, text_frame(kSend, "x")).out.empty());
  EXPECT_EQ(tap.frames[0].verdict, Verdict::blocked);
}

TEST_F(DropOpen, DropsUnderAnUnknownExtensionIfForced) {
  extensions = "x-unknown";
  options.force_edit = true;
  EXPECT_TRUE(feed(kSend, text_frame(kSend, "x")).out.empty());
  EXPECT_EQ(tap.frames[0].verdict, Verdict::blocked);
}

class Injection : public DropOpen {
 protected:
  Injection() {
    steps = {scripted(StepKind::transform, [](const Envelope&, Bytes payload) {
      Decision decision;
      if (text(payload) == "b") {
        decision.before = {NewFrame{{.fin = true, .opcode = 9}, bytes("control"), "rule"},
                           NewFrame{{.fin = true, .rsv = 4, .opcode = 1}, bytes("before"), "rule"}};
        decision.after = {NewFrame{{.fin = true, .opcode = 2}, bytes("behind"), "rule"}};
      }
      return decision;
    })};
  }
};

// HOLD-3: around a whole message they leave where they were put, and are recorded there.
TEST_F(Injection, LeavesAroundAFrame) {
  say({"a"});
  say({"b"});
  say({"c"});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{1, bytes("a")}, PlainMessage{1, bytes("before")},
                                             PlainMessage{1, bytes("b")}, PlainMessage{2, bytes("behind")},
                                             PlainMessage{1, bytes("c")}));
  EXPECT_THAT(receiver.controls, ElementsAre(PlainMessage{9, bytes("control")}));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::forwarded, Verdict::injected, Verdict::injected,
                                      Verdict::forwarded, Verdict::injected, Verdict::forwarded));
  for (std::size_t i = 0; i < tap.frames.size(); ++i) EXPECT_EQ(tap.frames[i].sequence, i + 2);
  EXPECT_EQ(tap.frames[1].cause, "rule");
  const auto closed = finish();
  EXPECT_EQ(closed.counts[0].frames, 3U) << "of the peer's own";
  EXPECT_EQ(closed.counts[0].bytes, text_frame(kSend, "a").size() * 3);
}

// The recording has them where they left, also among frames of one read.
TEST_F(Injection, IsRecordedInTheOrderOfTheWire) {
  const auto stream = concat({text_frame(kSend, "a"), text_frame(kSend, "b"), text_frame(kSend, "c")});
  const auto took = feed(kSend, stream);
  EXPECT_EQ(tap.received(kSend), stream);
  Buffer recorded;
  for (const auto& frame : tap.frames) append(recorded, frame.raw);
  EXPECT_EQ(parse_frames(recorded), parse_frames(took.out));
}

// HOLD-3: data waits until no message is open; control frames do not.
TEST_F(Injection, DoesNotBreakAMessage) {
  say({"a", "b", "c"});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{1, bytes("abc")}, PlainMessage{1, bytes("before")},
                                             PlainMessage{2, bytes("behind")}));
  EXPECT_EQ(tap.frames[1].verdict, Verdict::injected);
  EXPECT_EQ(parse_frames(tap.frames[1].raw).at(0).opcode, 9);
}

// HOLD-3: what waited leaves before what is put behind the last frame.
TEST_F(Injection, LeavesInOrder) {
  say({"a", "b"});
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{1, bytes("ab")}, PlainMessage{1, bytes("before")},
                                             PlainMessage{2, bytes("behind")}));
}

// DEF-4: injected messages are not compressed, and change nothing else.
TEST_F(Injection, LeavesCompressionAlone) {
  extensions = "permessage-deflate";
  DeflatingPeer sender, same;
  for (const auto* content : {"a message", "b", "a message"}) {
    const auto took = feed(kSend, proper(kSend, {.payload = sender.message(as_bytes(content)), .rsv = 4}));
    receiver.take(parse_frames(took.out));
    same.message(as_bytes(content));
  }
  EXPECT_THAT(receiver.were_compressed, ElementsAre(true, false, true, false, true));
  EXPECT_EQ(receiver.messages.back().content, bytes("a message"));
  EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
}

// HOLD-3: nothing follows a Close.
TEST_F(Injection, StaysBehindAClose) {
  options.forward = pipeline::Forward::verbatim;
  feed(kSend, close_frame(kSend, 1000));
  feed(kSend, text_frame(kSend, "b"));
  EXPECT_EQ(frames_left(kSend).size(), 2U);
}

// HOLD-3: what cannot be injected any more is not lost without a word.
TEST_F(Injection, IsNotedWhereAMessageDoesNotEnd) {
  feed(kSend, text_frame(kSend, "a"));
  feed(kSend, proper(kSend, {.payload = bytes("a"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b"), .fin = false}));
  EXPECT_THAT(tap.notes, IsEmpty()) << "the message may still end";
  end(kSend, pipeline::StreamEnd::eof);
  const auto closed = finish();
  ASSERT_EQ(tap.notes.size(), 2U);
  EXPECT_EQ(tap.notes[0].flow, 7U);
  EXPECT_EQ(tap.notes[0].text, "not_injected: text of 6 bytes (rule): the message before it did not end");
  EXPECT_EQ(tap.notes[1].text, "not_injected: binary of 6 bytes (rule): the message before it did not end");
  EXPECT_THAT(closed.notes, ElementsAre("not_injected"));
}

TEST_F(Injection, IsNotedBehindAClose) {
  options.forward = pipeline::Forward::verbatim;
  feed(kSend, close_frame(kSend, 1000));
  feed(kSend, text_frame(kSend, "b"));
  ASSERT_EQ(tap.notes.size(), 3U);
  EXPECT_EQ(tap.notes[0].text, "not_injected: ping of 7 bytes (rule): a Close has left");
  EXPECT_EQ(tap.notes[2].text, "not_injected: binary of 6 bytes (rule): a Close has left");
}

// ... which may also leave inside the message that it waited for.
TEST_F(Injection, IsNotedWhereACloseLeavesInsideAMessage) {
  feed(kSend, proper(kSend, {.payload = bytes("b"), .fin = false}));
  EXPECT_THAT(tap.notes, IsEmpty());
  feed(kSend, close_frame(kSend, 1000));
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text, "not_injected: binary of 6 bytes (rule): a Close has left");
  EXPECT_THAT(finish().notes, ElementsAre("not_injected"));
  EXPECT_EQ(tap.notes.size(), 1U) << "once";
}

TEST_F(Injection, IsNotedWhereTheFlowEndsFirst) {
  feed(kSend, proper(kSend, {.payload = bytes("b"), .fin = false}));
  flow().give_up("shutdown");
  EXPECT_THAT(finish().notes, ElementsAre("not_injected"));
}

// LIM-2
TEST_F(Injection, IsNotedWhereItIsLongerThanAFrameMayBe) {
  options.max_frame_bytes = 5;
  feed(kSend, text_frame(kSend, "b"));
  ASSERT_EQ(tap.notes.size(), 3U);
  EXPECT_EQ(tap.notes[0].text, "not_injected: ping of 7 bytes (rule): frame_too_big");
  EXPECT_EQ(tap.notes[2].text, "not_injected: binary of 6 bytes (rule): frame_too_big");
  EXPECT_EQ(frames_left(kSend).size(), 1U);
}

// LIM-4: what rules make waits for its receiver like all else, and of much of the same one note is enough.
TEST_F(Injection, IsNotedWhereTooMuchWaitsAlready) {
  struct Gauge final : pipeline::BufferGauge {
    bool has_room(std::uint64_t bytes) const noexcept override { return bytes <= room; }
    std::uint64_t room = 100'000;
  } filling;
  gauge = &filling;
  steps = {scripted(StepKind::transform, [](const Envelope&, Bytes) {
    Decision decision;
    decision.after.assign(9, {{.fin = true, .opcode = 2}, Buffer(10'000), "rule"});
    return decision;
  })};
  feed(kSend, text_frame(kSend, "a"));
  EXPECT_EQ(frames_left(kSend).size(), 10U);
  filling.room = 80'000;
  feed(kSend, text_frame(kSend, "b"));
  EXPECT_EQ(frames_left(kSend).size(), 11U);
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text,
            "not_injected: 9 times binary of 10000 bytes (rule): too much waits in buffers");
}

// LIM-2: a message may have any number of frames.
TEST_F(Injection, IsNotedWhereTooMuchWaitsForTheEndOfAMessage) {
  steps = {scripted(StepKind::transform, [](const Envelope&, Bytes) {
    Decision decision;
    decision.after.push_back({{.fin = true, .opcode = 2}, Buffer(std::size_t{10} << 20), "rule"});
    return decision;
  })};
  feed(kSend, proper(kSend, {.payload = bytes("a"), .fin = false}));
  for (int i = 0; i < 7; ++i) feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b"), .fin = false}));
  EXPECT_EQ(tap.notes.size(), 2U) << "of 80 MB";
  EXPECT_EQ(flow().buffered(kSend) >> 20, 60U);
  EXPECT_EQ(tap.notes.at(0).text,
            "not_injected: binary of 10485760 bytes (rule): too much waits for the end of the message");
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("c")}));
  EXPECT_EQ(frames_left(kSend).size(), 9U + 7);
  EXPECT_EQ(flow().buffered(kSend), 0U);
}

}  // namespace
}  // namespace wstap::test

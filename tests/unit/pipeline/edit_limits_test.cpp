// SPDX-License-Identifier: Apache-2.0
// Messages that cannot be kept until they are whole, or cannot be read: never cut, never out of step (DEF-5
// to DEF-8, LIM-2).
#include <algorithm>
#include <random>

#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::FlowState;
using pipeline::InflateWhen;
using pipeline::StepKind;
using pipeline::Verdict;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Gt;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

class EditLimits : public FlowTest {
 protected:
  EditLimits() {
    extensions = "permessage-deflate";
    options.max_message_bytes = 10'000;
    step = scripted(StepKind::transform, [](const Envelope& envelope, Bytes payload) {
      if (text(payload) == "bad") return replaced(envelope, bytes("good"), "rule");
      return text(payload) == "secret" ? dropped("rule") : Decision{};
    });
    steps = {step};
  }
  Took arrives(const WireFrame& frame) {
    Took took = feed(kSend, proper(kSend, frame));
    receiver.take(parse_frames(took.out));
    return took;
  }
  void say(Bytes content, std::size_t frames = 1) {
    for (const auto& frame : frames_of(2, true, in_pieces(sender.message(content), frames))) arrives(frame);
  }
  /// From here on the direction is written anew.
  void alter() { say(bytes("bad")); }
  std::vector<std::string> notes() {
    std::vector<std::string> kinds;
    for (const auto& note : tap.notes) kinds.push_back(note.text.substr(0, note.text.find(':')));
    return kinds;
  }
  std::shared_ptr<ScriptedStep> step;
  DeflatingPeer sender;
  ReceivingPeer receiver;
};

/// Does not compress well.
Buffer noise(std::size_t size, unsigned seed = 7) {
  std::mt19937 engine(seed);
  Buffer all(size);
  for (auto& byte : all) byte = static_cast<std::byte>(engine() % 64);
  return all;
}

// DEF-5: where nothing was altered before, what is over a bound passes untouched and is marked.
TEST_F(EditLimits, PassLargeMessagesUntouched) {
  const Buffer large = noise(30'000);
  DeflatingPeer same;
  const auto pieces = in_pieces(same.message(large), 5);
  say(large, 5);
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{2, large}));
  for (const auto& frame : tap.frames) EXPECT_FALSE(frame.sent);
  EXPECT_THAT(notes(), Contains("inflate_limited"));
  alter();  // its window is still known
  EXPECT_EQ(receiver.messages.at(1).content, bytes("good"));
}

// DEF-5: such a message leaves as soon as it is known that it cannot be kept.
TEST_F(EditLimits, DoNotWaitForTheEndOfALargeMessage) {
  const auto frames = frames_of(2, true, in_pieces(sender.message(noise(100'000)), 10));
  for (std::size_t i = 0; i < 9; ++i) arrives(frames[i]);
  EXPECT_FALSE(flow().release_due(kSend));
  EXPECT_EQ(frames_left(kSend).size(), 9U);
  for (const auto& outcome : tap.outcomes) EXPECT_EQ(outcome.verdict, Verdict::forwarded);
}

// DEF-5: a direction that is being written anew streams them, in as many frames as came.
TEST_F(EditLimits, StreamLargeMessagesBehindAnAlteration) {
  options.max_frame_bytes = 100'000;
  alter();
  const Buffer large = noise(60'000);
  for (const std::size_t frames : {1U, 2U, 7U}) say(large, frames);
  say(bytes("and on"));
  ASSERT_THAT(receiver.messages, SizeIs(5));
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(receiver.messages[i].content, large) << i;
  EXPECT_EQ(receiver.messages[4].content, bytes("and on"));
  EXPECT_THAT(receiver.frames_of_messages, ElementsAre(1U, 1U, 2U, 7U, 1U));
  EXPECT_EQ(tap.frames.at(1).verdict, Verdict::changed);
  EXPECT_EQ(tap.frames.at(1).cause, "recompressed");
  EXPECT_FALSE(flow().failed());
}

// DEF-5, DEF-6: what waited leaves in the frames it came in, so that none gets larger than frames may be.
TEST_F(EditLimits, StreamWhatWaitedInItsOwnFrames) {
  options.max_frame_bytes = 4'000;
  alter();
  const Buffer large = noise(60'000);
  say(large, 15);
  EXPECT_EQ(receiver.messages.at(1).content, large);
  for (const auto& frame : frames_left(kSend)) EXPECT_LE(frame.payload.size(), 4'000U);
  EXPECT_FALSE(flow().failed());
}

// DEF-5: a bomb costs no memory, and its receiver gets it all the same.
TEST_F(EditLimits, StreamABomb) {
  alter();
  const Buffer zeros(3'000'000);
  say(zeros);
  EXPECT_EQ(receiver.messages.at(1).content, zeros);
  EXPECT_LT(parse_frames(left(kSend)).back().payload.size(), 10'000U);
}

// LIM-2: bytes that say nothing count as well.
TEST_F(EditLimits, CountEmptyBlocks) {
  alter();
  Buffer blocks;
  for (int i = 0; i < 4000; ++i) append(blocks, hex("00 00 00 ff ff"));
  auto frames = frames_of(2, true, in_pieces(concat({blocks, sender.message(bytes("at last"))}), 6));
  for (std::size_t i = 0; i < 5; ++i) arrives(frames[i]);
  EXPECT_FALSE(flow().release_due(kSend));
  arrives(frames[5]);
  EXPECT_EQ(receiver.messages.at(1).content, bytes("at last"));
  say(bytes("next"));
  EXPECT_EQ(receiver.messages.at(2).content, bytes("next"));
}

// DEF-5: a step may still drop what nothing has left of, and the compressor forgets it.
TEST_F(EditLimits, DropALargeMessageOfOneFrame) {
  alter();
  const Buffer large = noise(30'000);
  step->judge_with([](const Envelope& envelope, Bytes) {
    return envelope.sequence == 3 ? dropped("too much") : Decision{};
  });
  say(large);
  say(bytes("next"));
  say(large);
  EXPECT_THAT(receiver.messages, ElementsAre(PlainMessage{2, bytes("good")}, PlainMessage{2, bytes("next")},
                                             PlainMessage{2, large}));
}

// DEF-5: what cannot be read cannot be written anew.
TEST_F(EditLimits, EndARecompressedDirectionThatIsCorrupt) {
  alter();
  const auto took = feed(kSend, proper(kSend, {.payload = hex("ff ff ff"), .rsv = 4}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "invalid_deflate");
  EXPECT_EQ(took.fault->close_code, 1007);
  EXPECT_TRUE(took.out.empty());
  EXPECT_EQ(finish().state, FlowState::error);
  EXPECT_EQ(farewell(kReceive).value(), close_body(1007));
}

TEST_F(EditLimits, EndARecompressedDirectionThatIsTooMuchWork) {
  options.inflate_work_bytes = 1'000'000;
  alter();
  const auto took = feed(kSend, proper(kSend, {.payload = sender.message(Buffer(3'000'000)), .rsv = 4}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "inflate_limited");
  EXPECT_EQ(took.fault->close_code, 1009);
}

// DEF-5, LIM-1: a frame that was small because it referred to what its receiver never got.
TEST_F(EditLimits, EndADirectionWhoseFrameWouldGrowTooLarge) {
  options.max_frame_bytes = 20'000;
  options.max_message_bytes = 50'000;
  const Buffer large = noise(28'000);
  step->judge_with([](const Envelope& envelope, Bytes) {
    return envelope.sequence < 4 ? dropped("the first message") : Decision{};
  });
  say(large, 2);
  const auto took = feed(kSend, proper(kSend, {.opcode = 2, .payload = sender.message(large), .rsv = 4}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "frame_too_big");
  EXPECT_EQ(took.fault->close_code, 1009);
  EXPECT_TRUE(took.out.empty());
  EXPECT_EQ(tap.frames.back().verdict, Verdict::dropped);
}

TEST_F(EditLimits, EndADirectionWhoseStreamedFrameWouldGrowTooLarge) {
  options.max_frame_bytes = 20'000;
  step->judge_with([](const Envelope& envelope, Bytes) {
    return envelope.sequence < 5 ? dropped("the first messages") : Decision{};
  });
  const Buffer parts[] = {noise(9'000, 1), noise(9'000, 2), noise(9'000, 3)};
  for (const auto& each : parts) say(each);
  const auto all = concat({parts[0], parts[1], parts[2], Bytes(parts[0]).first(4000)});
  const auto took = feed(kSend, proper(kSend, {.opcode = 2, .payload = sender.message(all), .rsv = 4}));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "frame_too_big");
  EXPECT_EQ(took.fault->detail, "recompressed");
  EXPECT_TRUE(took.out.empty());
}

// LIM-1: what a step puts in a frame's place is bounded like what comes.
TEST_F(EditLimits, EndAFlowWhoseFramesAreMadeTooLarge) {
  options.max_frame_bytes = 1000;
  step->judge_with([](const Envelope& envelope, Bytes) { return replaced(envelope, Buffer(1001), "rule"); });
  const auto took = feed(kReceive, text_frame(kReceive, "small"));
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "frame_too_big");
  EXPECT_EQ(took.fault->detail, "rule");
}

// DEF-5: an unaltered direction that became unreadable goes on as it is; nothing of it is shown or edited.
TEST_F(EditLimits, MakeADirectionOpaque) {
  say(bytes("fine"));
  const Buffer corrupt = proper(kSend, {.payload = hex("ff ff ff"), .rsv = 4});
  EXPECT_EQ(parse_frames(feed(kSend, corrupt).out), parse_frames(corrupt));
  DeflatingPeer another;
  const Buffer behind = proper(kSend, {.payload = another.message(bytes("bad")), .rsv = 4});
  EXPECT_EQ(parse_frames(feed(kSend, behind).out), parse_frames(behind));
  EXPECT_THAT(step->seen.back().payload, IsEmpty());
  EXPECT_EQ(step->seen.back().envelope.inflation, ws::Inflation::opaque);
  EXPECT_THAT(notes(), ElementsAre("opaque"));

  step->judge_with([](const Envelope&, Bytes) { return dropped("all"); });
  EXPECT_EQ(parse_frames(feed(kSend, behind).out), parse_frames(behind));
  EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
  EXPECT_EQ(tap.frames.back().cause, "edit_refused:opaque");
  EXPECT_TRUE(feed(kSend, text_frame(kSend, "plain")).out.empty()) << "uncompressed ones can be dropped";
}

// DEF-7: --inflate never
TEST_F(EditLimits, InflateNothing) {
  options.inflate = InflateWhen::never;
  say(bytes("bad"));
  EXPECT_EQ(receiver.messages.at(0).content, bytes("bad"));
  EXPECT_THAT(step->seen.back().payload, IsEmpty());
  EXPECT_EQ(counters.bytes_inflated.load(), 0U);
}

// DEF-7: --inflate always inflates for nobody; auto does not.
TEST_F(EditLimits, InflateForNobodyOnlyIfAsked) {
  steps.clear();
  options.inflate = InflateWhen::always;
  say(bytes("twelve bytes"));
  EXPECT_EQ(counters.bytes_inflated.load(), 12U);
  EXPECT_EQ(receiver.messages.at(0).content, bytes("twelve bytes"));
  feed(kSend, text_frame(kSend, "plain"));
  EXPECT_EQ(counters.frames_unmasked.load(), 1U);
}

// DEF-7: a step that drops without reading needs the window as well.
TEST_F(EditLimits, InflateForAStepThatOnlyDrops) {
  step->wants_payload = false;
  step->judge_with(
      [](const Envelope& envelope, Bytes) { return envelope.sequence == 3 ? dropped("third") : Decision{}; });
  for (int i = 0; i < 3; ++i) say(bytes("again and again and again"));
  EXPECT_THAT(receiver.messages, SizeIs(2));
  EXPECT_EQ(receiver.messages.back().content, bytes("again and again and again"));
}

// DEF-8: --deflate off takes compressed payloads for the bytes they are; the wire does not change.
TEST_F(EditLimits, TakeCompressedBytesAsTheyAre) {
  options.reads_deflate = {false, true};
  DeflatingPeer same;
  const Buffer payload = same.message(bytes("bad"));
  say(bytes("bad"));
  EXPECT_EQ(step->seen.back().payload, payload);
  EXPECT_EQ(receiver.messages.at(0).content, bytes("bad"));

  DeflatingPeer server;
  const auto left = feed(kReceive, proper(kReceive, {.payload = server.message(bytes("bad")), .rsv = 4})).out;
  InflatingPeer client;
  EXPECT_EQ(client.message(parse_frames(left).at(0).payload), bytes("good"));
}

// LIM-2: frames that are empty make no message larger, and need memory all the same.
TEST_F(EditLimits, DoNotWaitForTheEndOfEmptyFrames) {
  const Buffer payload = sender.message(bytes("a message"));
  arrives({.payload = payload, .fin = false, .rsv = 4});
  const Buffer empty = proper(kSend, {.opcode = 0, .fin = false});
  Buffer many;
  for (int i = 0; i < 1000; ++i) append(many, empty);
  for (int i = 0; i < 70; ++i) receiver.take(parse_frames(feed(kSend, many).out));
  EXPECT_FALSE(flow().release_due(kSend));
  arrives({.opcode = 0});
  EXPECT_EQ(receiver.messages.at(0).content, bytes("a message"));
}

// LIM-4: what an open message is inflated to is counted, and given back when it is over.
TEST_F(EditLimits, CountWhatIsInflated) {
  options.max_message_bytes = 10'000'000;
  const auto frames = frames_of(2, true, in_pieces(sender.message(noise(3'000'000)), 2));
  arrives(frames[0]);
  EXPECT_GT(flow().buffered(kSend), 1'000'000U);
  arrives(frames[1]);
  EXPECT_EQ(flow().buffered(kSend), 0U);
}

// DEF-6: a message that gets no end leaves as far as it came: at a Close, and at the end of the stream.
TEST_F(EditLimits, ReleaseAnUnfinishedMessageAtItsClose) {
  for (const bool altered : {false, true}) {
    SCOPED_TRACE(altered);
    if (altered) alter();
    const auto frames = frames_of(1, true, in_pieces(sender.message(bytes("a beginning")), 3));
    arrives(frames[0]);
    arrives(frames[1]);
    EXPECT_FALSE(receiver.in_message());
    if (altered) break;
    arrives(frames[2]);
  }
  feed(kSend, close_frame(kSend, 1000));
  const auto frames = frames_left(kSend);
  EXPECT_EQ(frames.back().opcode, 8);
  EXPECT_EQ(frames.at(frames.size() - 2).opcode, 0);
  EXPECT_EQ(tap.outcomes.back().verdict, Verdict::changed);
  EXPECT_FALSE(flow().release_due(kSend));
}

TEST_F(EditLimits, ReleaseAnUnfinishedMessageAtTheEnd) {
  const auto frames = frames_of(1, true, in_pieces(sender.message(bytes("a beginning")), 2));
  arrives(frames[0]);
  pipeline::LaneScratch scratch;
  const auto turn = flow().release(kSend, clock.now, scratch, false);
  EXPECT_EQ(parse_frames(turn.out), parse_frames(proper(kSend, frames[0])));
  EXPECT_EQ(tap.outcomes.at(0).verdict, Verdict::forwarded);
  end(kSend, pipeline::StreamEnd::eof);
  EXPECT_EQ(finish().reason, "message_unfinished");
}

TEST_F(EditLimits, ReleaseAnUnfinishedMessageInItsOwnFrames) {
  options.max_frame_bytes = 4'000;
  alter();
  const auto frames = frames_of(2, true, in_pieces(sender.message(noise(9'000)), 4));
  for (std::size_t i = 0; i < 3; ++i) arrives(frames[i]);
  feed(kSend, close_frame(kSend, 1000));
  const auto left = frames_left(kSend);
  ASSERT_THAT(left, SizeIs(5));
  for (std::size_t i = 1; i < 4; ++i) EXPECT_THAT(left[i].payload, SizeIs(AllOf(Gt(1'000U), Le(4'000U))));
}

// LIM-1: ... unless it grew too much, because it referred to what the receiver never saw.
TEST_F(EditLimits, DropAnUnfinishedMessageThatWouldGrowTooLarge) {
  options.max_frame_bytes = 500;
  const Buffer content = noise(8'000);
  say(content, 16);
  alter();
  const auto frames = frames_of(2, true, in_pieces(sender.message(content), 4));
  for (std::size_t i = 0; i < 3; ++i) arrives(frames[i]);
  feed(kSend, close_frame(kSend, 1000));
  EXPECT_EQ(frames_left(kSend).back().opcode, 8);
  EXPECT_FALSE(receiver.in_message());
  EXPECT_EQ(tap.outcomes.back().verdict, Verdict::dropped);
  EXPECT_EQ(tap.outcomes.back().cause, "frame_too_big");
}

// CAP-2: what never leaves is not left pending.
TEST_F(EditLimits, RecordWhatBecameOfFramesThatWaitedForNothing) {
  arrives(frames_of(1, true, in_pieces(sender.message(bytes("a beginning")), 2))[0]);
  end(kSend, pipeline::StreamEnd::reset);
  finish();
  ASSERT_THAT(tap.outcomes, SizeIs(1));
  EXPECT_EQ(tap.outcomes[0].verdict, Verdict::dropped);
  EXPECT_EQ(tap.outcomes[0].cause, "reset");
}

}  // namespace
}  // namespace wstap::test

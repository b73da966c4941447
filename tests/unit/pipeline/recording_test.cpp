// SPDX-License-Identifier: Apache-2.0
// What a flow's recording is: each frame once, in order, byte for byte, numbered across both directions.
#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {
namespace {

/// A stream with all that may surprise a reader: fragments with control frames between, empty frames, every
/// form of length.
std::vector<Buffer> odd_stream(ws::Direction direction) {
  std::vector<Buffer> frames;
  const auto add = [&](WireFrame frame) { frames.push_back(proper(direction, std::move(frame))); };
  add({.opcode = 1, .payload = bytes("Hel"), .fin = false});
  add({.opcode = 9, .payload = bytes("ping")});
  add({.opcode = 0, .payload = {}, .fin = false});
  add({.opcode = 10, .payload = {}});
  add({.opcode = 0, .payload = bytes("lo")});
  add({.opcode = 2, .payload = random_bytes(126, 1)});
  add({.opcode = 2, .payload = {}});
  add({.opcode = 1, .payload = bytes("x"), .length = LengthForm::in_16_bits});
  add({.opcode = 1, .payload = bytes("y"), .length = LengthForm::in_64_bits});
  add({.opcode = 8, .payload = close_body(1000, "done")});
  return frames;
}

Buffer joined(const std::vector<Buffer>& frames) {
  Buffer all;
  for (const auto& frame : frames) append(all, frame);
  return all;
}

void expect_recorded(const RecordingTap& tap, const std::vector<Buffer>& frames) {
  ASSERT_EQ(tap.frames.size(), frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(tap.frames[i].raw, frames[i]);
    EXPECT_EQ(tap.frames[i].sequence, 2 + i);
    EXPECT_EQ(tap.frames[i].verdict, pipeline::Verdict::forwarded);
  }
}

class Recording : public FlowTest, public testing::WithParamInterface<ws::Direction> {};

// FRM-1, FRM-2: each wire frame is one envelope, in order, with its verbatim bytes, wherever reads cut.
TEST_P(Recording, IsTheSameAtEverySplit) {
  const auto frames = odd_stream(GetParam());
  const Buffer stream = joined(frames);
  const auto understood = parse_frames(stream);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    RecordingTap whole;
    FixedEntropy masks;
    pipeline::LaneScratch scratch;
    pipeline::Flow flow({.id = 1}, pipeline::Pipeline(), {options, whole, masks, counters});
    Buffer left;
    Buffer first = to_buffer(Bytes(stream).first(cut));
    const auto turn = flow.take(GetParam(), first, 0, scratch);
    append(left, turn.out);
    Buffer rest = to_buffer(Bytes(stream).subspan(turn.used));
    append(left, flow.take(GetParam(), rest, 0, scratch).out);
    expect_recorded(whole, frames);
    EXPECT_EQ(parse_frames(left), understood);
  }
}

// FRM-1, FRM-2
TEST_P(Recording, IsTheSameByteByByte) {
  const auto frames = odd_stream(GetParam());
  const Buffer stream = joined(frames);
  for (const std::byte one : stream) feed(GetParam(), Bytes(&one, 1));
  expect_recorded(tap, frames);
  EXPECT_EQ(frames_left(GetParam()), parse_frames(stream));
}

// FRM-1: nothing is answered or merged by wstap, so nothing but the frames fed leaves, and only their way.
TEST_P(Recording, NothingLeavesThatDidNotCome) {
  const auto ping = proper(GetParam(), {.opcode = 9, .payload = bytes("are you there?")});
  feed(GetParam(), ping);
  EXPECT_EQ(tap.frames.size(), 1U);
  EXPECT_TRUE(left(ws::opposite(GetParam())).empty());
  EXPECT_EQ(frames_left(GetParam()), parse_frames(ping));
}

TEST_P(Recording, TellsHowMuchOfAFrameIsMissing) {
  const auto frame = proper(GetParam(), {.opcode = 2, .payload = Buffer(300)});
  const auto took = feed(GetParam(), Bytes(frame).first(20));
  EXPECT_EQ(took.used, 0U);
  EXPECT_EQ(took.wanted, frame.size());
  EXPECT_TRUE(tap.frames.empty());
}

INSTANTIATE_TEST_SUITE_P(BothWays, Recording, testing::Values(kSend, kReceive),
                         [](const auto& row) { return std::string(ws::name(row.param)); });

using Sequences = FlowTest;

// SEQ-1: one counter, in the order of arrival, whatever the direction; frames from 2.
TEST_F(Sequences, CountBothDirectionsInTheOrderOfArrival) {
  const auto two = concat({text_frame(kSend, "a"), text_frame(kSend, "b")});
  EXPECT_EQ(feed(kSend, two).first_sequence, 2U);
  EXPECT_EQ(feed(kReceive, text_frame(kReceive, "c")).first_sequence, 4U);
  EXPECT_EQ(feed(kSend, text_frame(kSend, "d")).first_sequence, 5U);
  std::vector<std::pair<pipeline::Sequence, ws::Direction>> seen;
  for (const auto& frame : tap.frames) seen.emplace_back(frame.sequence, frame.direction);
  EXPECT_THAT(seen, testing::ElementsAre(std::pair(2, kSend), std::pair(3, kSend), std::pair(4, kReceive),
                                         std::pair(5, kSend)));
}

// SEQ-1: a frame gets its number when it is whole, not when its first byte came.
TEST_F(Sequences, AreGivenToWholeFrames) {
  const auto late = text_frame(kSend, "late");
  feed(kSend, Bytes(late).first(3));
  feed(kReceive, text_frame(kReceive, "early"));
  feed(kSend, Bytes(late).subspan(3));
  ASSERT_EQ(tap.frames.size(), 2U);
  EXPECT_EQ(tap.frames[0].direction, kReceive);
  EXPECT_EQ(tap.frames[1].sequence, 3U);
  EXPECT_EQ(tap.frames[1].raw, late);
}

// SEQ-1: frames wstap makes draw their numbers when they are made.
TEST_F(Sequences, CoverSyntheticFrames) {
  feed(kReceive, text_frame(kReceive, "hello"));
  flow().give_up("shutdown");
  finish();
  ASSERT_EQ(tap.frames.size(), 3U);
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(tap.frames[i].sequence, 2 + i);
    EXPECT_EQ(tap.frames[i].verdict, pipeline::Verdict::synthetic);
    EXPECT_EQ(tap.frames[i].cause, "shutdown");
  }
  EXPECT_EQ(parse_frames(tap.frames_of(kSend)[0].raw)[0].mask, FixedEntropy::mask(0));
  feed(kSend, text_frame(kSend, "too late"));
  EXPECT_EQ(tap.frames.back().sequence, 5U);
}

// FLOW-1: counts and bytes each way, as received.
TEST_F(Sequences, AndBytesAreCountedEachWay) {
  const auto one = text_frame(kSend, "one");
  const auto other = proper(kReceive, {.opcode = 2, .payload = Buffer(1000)});
  feed(kSend, concat({one, one}));
  feed(kReceive, concat({other, Bytes(other).first(500)}));
  const auto closed = finish();
  EXPECT_EQ(closed.counts[0].frames, 2U);
  EXPECT_EQ(closed.counts[0].bytes, 2 * one.size());
  EXPECT_EQ(closed.counts[1].frames, 1U);
  EXPECT_EQ(closed.counts[1].bytes, other.size());
  EXPECT_EQ(counters.flows.load(), 1U);
  EXPECT_EQ(counters.frames.load(), 3U);
  EXPECT_EQ(counters.bytes.load(), 2 * one.size() + other.size());
}

TEST_F(Sequences, AFrameHasTheTimeOfItsRead) {
  feed(kSend, text_frame(kSend, "a"));
  clock.advance(std::chrono::seconds(1));
  feed(kSend, text_frame(kSend, "b"));
  EXPECT_EQ(tap.frames[1].time_ns - tap.frames[0].time_ns, 1'000'000'000);
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// How frames leave: written anew, or as they came (FRM-6).
#include <algorithm>

#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Forward;
using pipeline::Verdict;

constexpr std::uint8_t kRsv1 = 4, kRsv2 = 2, kRsv3 = 1;

using Reencode = FlowTest;

// FRM-6: a fresh mask on every frame towards the server, each byte of entropy used once.
TEST_F(Reencode, MasksEveryFrameTowardsTheServerAnew) {
  feed(kSend, concat({text_frame(kSend, "a"), text_frame(kSend, "a"), proper(kSend, {.opcode = 9})}));
  const auto frames = frames_left(kSend);
  ASSERT_EQ(frames.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(frames[i].mask, FixedEntropy::mask(i));
  EXPECT_EQ(entropy.used(), 12U);
  EXPECT_EQ(text(frames[1].payload), "a");
}

// FRM-6
TEST_F(Reencode, MasksNothingTowardsTheClient) {
  feed(kReceive, text_frame(kReceive, "from the server"));
  feed(kReceive, wire({.opcode = 1, .payload = bytes("masked"), .mask = kClientMask}));
  const auto frames = frames_left(kReceive);
  ASSERT_EQ(frames.size(), 2U);
  for (const auto& frame : frames) EXPECT_FALSE(frame.mask);
  EXPECT_EQ(text(frames[1].payload), "masked");
  EXPECT_EQ(entropy.used(), 0U);
}

// FRM-6
TEST_F(Reencode, MasksWhatAClientSentBare) {
  feed(kSend, wire({.opcode = 1, .payload = bytes("bare")}));
  const auto frames = frames_left(kSend);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].mask);
  EXPECT_EQ(text(frames[0].payload), "bare");
}

// FRM-6, FLOW-3: lengths become minimal, and neither that nor a new mask is a change.
TEST_F(Reencode, WritesLengthsAsShortAsPossible) {
  for (const auto direction : {kSend, kReceive}) {
    for (const std::size_t size : {0U, 125U, 126U, 65535U, 65536U}) {
      SCOPED_TRACE(size);
      feed(direction,
           proper(direction, {.opcode = 2, .payload = Buffer(size), .length = LengthForm::in_64_bits}));
      const auto frame = frames_left(direction).back();
      const std::size_t length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
      EXPECT_EQ(frame.header_len, 2 + length_bytes + (direction == kSend ? 4 : 0));
      EXPECT_EQ(frame.payload.size(), size);
      EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
      EXPECT_FALSE(tap.frames.back().sent);
    }
  }
}

struct RsvRow {
  const char* name;
  const char* extensions;
  std::uint8_t opcode;
  std::uint8_t in, out;
};
class ReencodeRsv : public FlowTest, public testing::WithParamInterface<RsvRow> {};

// FRM-6, FLOW-3: RSV bits that mean nothing are cleared, which is a change, and both versions are kept.
TEST_P(ReencodeRsv, KeepsWhatTheExtensionDefines) {
  const auto& row = GetParam();
  extensions = row.extensions;
  for (const auto direction : {kSend, kReceive}) {
    const auto frame = proper(direction, {.opcode = row.opcode, .payload = bytes("abc"), .rsv = row.in});
    const auto took = feed(direction, frame);
    const auto left = parse_frames(took.out);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].rsv, row.out);
    EXPECT_EQ(left[0].opcode, row.opcode);
    EXPECT_EQ(text(left[0].payload), "abc");
    EXPECT_EQ(left[0].mask.has_value(), direction == kSend);

    const auto& recorded = tap.frames.back();
    EXPECT_EQ(recorded.raw, frame);
    if (row.in == row.out) {
      EXPECT_EQ(recorded.verdict, Verdict::forwarded);
      EXPECT_FALSE(recorded.sent);
    } else {
      EXPECT_EQ(recorded.verdict, Verdict::changed);
      EXPECT_EQ(recorded.cause, "reencode");
      EXPECT_EQ(recorded.sent, took.out) << "the recorded version is the one that left";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rsv, ReencodeRsv,
    testing::Values(RsvRow{"Rsv1WithoutExtension", "", 1, kRsv1, 0},                                        //
                    RsvRow{"Rsv2WithoutExtension", "", 2, kRsv2, 0},                                        //
                    RsvRow{"Rsv3WithoutExtension", "", 9, kRsv3, 0},                                        //
                    RsvRow{"Rsv1OfACompressedText", "permessage-deflate", 1, kRsv1, kRsv1},                 //
                    RsvRow{"Rsv1OfACompressedBinary", "permessage-deflate", 2, kRsv1, kRsv1},               //
                    RsvRow{"AllOfACompressedText", "permessage-deflate", 1, kRsv1 | kRsv2 | kRsv3, kRsv1},  //
                    RsvRow{"Rsv1OfAPing", "permessage-deflate", 9, kRsv1, 0},                               //
                    RsvRow{"Rsv1OfAContinuation", "permessage-deflate", 0, kRsv1, 0},                       //
                    RsvRow{"Rsv1OfAReservedOpcode", "permessage-deflate", 3, kRsv1, 0},                     //
                    RsvRow{"NoneOfAnUncompressedText", "permessage-deflate; client_max_window_bits", 1, 0,
                           0}),
    [](const auto& row) { return std::string(row.param.name); });

/// Frames a relay that writes anew lets pass: any but Close, and control frames within their bounds.
std::vector<WireFrame> passable_frames(unsigned seed, std::size_t count) {
  std::mt19937 engine(seed);
  std::vector<WireFrame> frames;
  while (frames.size() < count) {
    auto frame = random_frame(engine, 400);
    if (frame.opcode == 8) continue;
    if (frame.opcode == 9 || frame.opcode == 10) {
      frame.fin = true;
      frame.payload.resize(std::min<std::size_t>(frame.payload.size(), 125));
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

// FRM-6, FRM-1: exactly one wire frame out per frame in, with the same meaning but for the RSV bits.
TEST_F(Reencode, GivesOneFrameForEachOfAnyKind) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    for (const auto direction : {kSend, kReceive}) {
      const auto frames = passable_frames(seed, 30);
      Buffer stream;
      for (const auto& frame : frames) append(stream, wire(frame));
      const auto left = parse_frames(feed(direction, stream).out);
      ASSERT_EQ(left.size(), frames.size());
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const auto& frame = frames[i];
        EXPECT_EQ(left[i], (ParsedFrame{frame.opcode, frame.fin, 0, frame.payload, {}, 0})) << i;
        EXPECT_EQ(left[i].mask.has_value(), direction == kSend);
        const auto shortest = wire_header({.mask = left[i].mask}, frame.payload.size()).size();
        EXPECT_EQ(left[i].header_len, shortest);
      }
    }
  }
}

// FRM-6: a burst is written in its own place, unless some frame of it grows; that must not show.
TEST_F(Reencode, GivesTheSameBytesInPlaceAndBesides) {
  Buffer stream;
  std::mt19937 engine(42);
  for (int i = 0; i < 40; ++i) {
    auto frame = random_frame(engine, 300);
    frame.opcode = 2;
    frame.rsv = 0;
    frame.mask = kClientMask;
    append(stream, wire(frame));
  }
  const Buffer grows = wire({.opcode = 2, .payload = Buffer(100)});

  const auto run = [&](Bytes input) {
    FixedEntropy masks;
    RecordingTap ignored;
    pipeline::LaneScratch scratch;
    pipeline::Flow one({.id = 1}, pipeline::Pipeline(), {options, ignored, masks, counters});
    Buffer unread = to_buffer(input);
    const auto turn = one.take(kSend, unread, 0, scratch);
    const bool in_place = turn.out.data() == unread.data();
    return std::pair(in_place, to_buffer(turn.out));
  };
  const auto [in_place, alone] = run(stream);
  const auto [still_in_place, with_another] = run(concat({stream, grows}));
  EXPECT_TRUE(in_place);
  EXPECT_FALSE(still_in_place);
  ASSERT_GT(with_another.size(), alone.size());
  EXPECT_TRUE(std::ranges::equal(alone, Bytes(with_another).first(alone.size())));
}

// Towards the client nothing need be written at all: what leaves is what was read.
TEST_F(Reencode, PassesWellFormedFramesOfAServerUntouched) {
  const auto stream =
      concat({text_frame(kReceive, "a"), proper(kReceive, {.opcode = 2, .payload = Buffer(70'000)})});
  EXPECT_EQ(feed(kReceive, stream).out, stream);
}

class Verbatim : public FlowTest {
 protected:
  Verbatim() { options.forward = Forward::verbatim; }
};

// FRM-6: the original bytes of every frame, however odd.
TEST_F(Verbatim, SendsTheOriginalBytes) {
  for (const auto direction : {kSend, kReceive}) {
    std::mt19937 engine(7);
    Buffer stream;
    for (int i = 0; i < 200; ++i) append(stream, wire(random_frame(engine, 200)));
    EXPECT_EQ(feed(direction, stream).out, stream);
    EXPECT_EQ(tap.received(direction), stream);
  }
  EXPECT_EQ(tap.frames.size(), 400U);
  for (const auto& frame : tap.frames) EXPECT_EQ(frame.verdict, Verdict::forwarded);
  EXPECT_EQ(entropy.used(), 0U);
}

// FRM-7: ... also behind a Close.
TEST_F(Verbatim, ForwardsWhatFollowsAClose) {
  const auto stream = concat({close_frame(kSend, 1000), text_frame(kSend, "postscript")});
  EXPECT_EQ(feed(kSend, stream).out, stream);
  EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
}

struct ExtensionRow {
  const char* name;
  const char* accepted;
  bool unknown;
};
class Extensions : public FlowTest, public testing::WithParamInterface<ExtensionRow> {};

// FRM-6: an extension that is not known makes the flow verbatim, and that is noted.
TEST_P(Extensions, ThatAreUnknownMakeAFlowVerbatim) {
  extensions = GetParam().accepted;
  const auto frame = proper(kSend, {.opcode = 2, .payload = bytes("?"), .rsv = kRsv2});
  EXPECT_EQ(feed(kSend, frame).out == frame, GetParam().unknown);
  if (GetParam().unknown) {
    ASSERT_EQ(tap.notes.size(), 1U);
    EXPECT_EQ(tap.notes[0].flow, 7U);
    EXPECT_EQ(tap.notes[0].text, "unknown_extension: " + extensions);
    EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  } else {
    EXPECT_TRUE(tap.notes.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Accepted, Extensions,
    testing::Values(ExtensionRow{"None", "", false}, ExtensionRow{"Deflate", "permessage-deflate", false},
                    ExtensionRow{"Foreign", "x-webkit-deflate-frame", true},
                    ExtensionRow{"DeflateAndForeign", "permessage-deflate, bbf-usp", true}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace wstap::test

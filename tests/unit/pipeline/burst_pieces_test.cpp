// SPDX-License-Identifier: Apache-2.0
// CAP-1: however much leaves beside one frame, no burst is larger than a record may be.
#include "libcore/pipeline/burst_pieces.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/recording_tap.h"
#include "tests/support/wire.h"

namespace wstap::pipeline {
namespace {

Buffer frame_of(std::size_t size) {
  return test::concat({test::wire_header({.opcode = 2}, size), Buffer(size)});
}

class BurstPieces : public testing::Test {
 protected:
  BurstPieces() {
    tap.on_burst = [this](const Burst& burst) { sizes.push_back(burst.raw.size()); };
  }

  Result<void> tell() {
    Buffer raw;
    std::vector<std::uint32_t> ends;
    for (const auto& frame : frames) {
      append(raw, frame);
      ends.push_back(static_cast<std::uint32_t>(raw.size()));
    }
    const auto all = static_cast<std::uint32_t>(ends.size());
    const Burst burst{.first_sequence = 10, .raw = raw, .ends = ends, .marks = marks};
    if (auto told = tell_in_pieces(tap, burst, 0, split); !told) return told;
    return tell_in_pieces(tap, burst, split, all);
  }
  void expect_all() const {
    ASSERT_EQ(tap.frames.size(), frames.size());
    auto mark = marks.begin();
    for (std::size_t i = 0; i < frames.size(); ++i) {
      ASSERT_EQ(tap.frames[i].sequence, 10 + i);
      ASSERT_EQ(tap.frames[i].raw.size(), frames[i].size());
      const bool marked = mark != marks.end() && mark->frame == i;
      ASSERT_EQ(tap.frames[i].cause, marked ? (mark++)->cause : "");
    }
  }

  std::vector<Buffer> frames;
  std::vector<Mark> marks;
  std::uint32_t split = 0;  ///< something else is told before this frame
  test::RecordingTap tap;
  std::vector<std::size_t> sizes;  ///< of the bursts
};

TEST_F(BurstPieces, AreOfFramesThatAreNotTooLargeTogether) {
  for (std::uint32_t i = 0; i < 50; ++i) {
    frames.push_back(frame_of((1U << 20) + i));
    if (i % 2 == 1) marks.push_back({i, Verdict::injected, std::to_string(i), {}, {}});
  }
  ASSERT_TRUE(tell());
  EXPECT_EQ(sizes.size(), 3U);
  for (const auto size : sizes) EXPECT_LE(size, 20U << 20);
  expect_all();
}

TEST_F(BurstPieces, AreOfOneFrameThatIsLarge) {
  frames = {frame_of(5), frame_of(30U << 20), frame_of(5)};
  ASSERT_TRUE(tell());
  EXPECT_EQ(sizes.size(), 3U);
  expect_all();
}

TEST_F(BurstPieces, HaveNotTooMuchSaidOfThem) {
  frames.assign(100'000, frame_of(0));
  for (std::uint32_t i = 0; i < frames.size(); ++i) marks.push_back({i, Verdict::injected, "rule:a", {}, {}});
  ASSERT_TRUE(tell());
  EXPECT_EQ(sizes.size(), 4U);
  expect_all();
}

TEST_F(BurstPieces, AreOneWhereThatFits) {
  frames.assign(100'000, frame_of(0));
  ASSERT_TRUE(tell());
  EXPECT_EQ(sizes.size(), 1U);
  expect_all();
}

TEST_F(BurstPieces, AreDividedWhereSomethingElseHappened) {
  frames = {frame_of(1), frame_of(2), frame_of(3)};
  marks = {{0, Verdict::injected, "a", {}, {}}, {1, Verdict::injected, "b", {}, {}}};
  split = 1;
  ASSERT_TRUE(tell());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 9}));
  expect_all();
}

TEST_F(BurstPieces, EndWithTheFirstThatCannotBeRecorded) {
  tap.failing = true;
  frames.assign(3, frame_of(15U << 20));
  EXPECT_FALSE(tell());
  EXPECT_EQ(sizes.size(), 1U);
}

}  // namespace
}  // namespace wstap::pipeline

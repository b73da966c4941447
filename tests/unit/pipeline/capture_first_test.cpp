// SPDX-License-Identifier: Apache-2.0
// Recorded before it leaves, or it does not leave.
#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {
namespace {

using CaptureFirst = FlowTest;

// CAP-2: when the tap is given a burst, its bytes are still as they were read: nothing has been made of them
// yet.
TEST_F(CaptureFirst, TheTapSeesTheBytesBeforeTheyAreRewritten) {
  std::uint64_t masks_drawn = 1;
  tap.on_burst = [&](const pipeline::Burst&) { masks_drawn = entropy.used(); };
  const auto frame = text_frame(kSend, "hello");
  const auto took = feed(kSend, frame);
  EXPECT_EQ(masks_drawn, 0U) << "the frame was encoded before it was recorded";
  ASSERT_EQ(tap.frames.size(), 1U);
  EXPECT_EQ(tap.frames[0].raw, frame);
  EXPECT_NE(took.out, frame);
}

// CAP-3: no traffic passes unrecorded.
TEST_F(CaptureFirst, NothingLeavesWhenRecordingFails) {
  feed(kSend, text_frame(kSend, "before"));
  const auto before = left(kSend);
  tap.failing = true;
  const auto frame = text_frame(kSend, "lost");
  const auto took = feed(kSend, frame);
  EXPECT_TRUE(took.out.empty());
  ASSERT_TRUE(took.fault);
  EXPECT_EQ(took.fault->reason, "capture_failed");
  EXPECT_EQ(took.fault->detail, std::make_error_code(std::errc::no_space_on_device).message());
  EXPECT_EQ(left(kSend), before);
  EXPECT_TRUE(flow().failed());

  // Nor do wstap's own frames, while they cannot be recorded.
  for (const auto& farewell : flow().farewell(clock.now)) EXPECT_TRUE(farewell.empty());
  EXPECT_FALSE(flow().finish(clock.now));
}

// CAP-3: if recording works again by the time the flow ends, its record says what happened and keeps the
// bytes.
TEST_F(CaptureFirst, TheEndKeepsWhatCouldNotBeRecorded) {
  flow();
  tap.failing = true;
  const auto frame = text_frame(kReceive, "lost");
  feed(kReceive, frame);
  tap.failing = false;
  const auto closed = finish();
  EXPECT_EQ(closed.state, pipeline::FlowState::error);
  EXPECT_EQ(closed.reason, "capture_failed");
  EXPECT_EQ(closed.began, pipeline::Party::proxy);
  EXPECT_EQ(closed.unfinished[1], frame);
  EXPECT_EQ(farewell(kSend), close_body(1001));
  EXPECT_EQ(farewell(kReceive), close_body(1001));
}

// CAP-3: a Close that was not recorded does not make the flow a complete one.
TEST_F(CaptureFirst, AnUnrecordedCloseDoesNotComplete) {
  feed(kSend, close_frame(kSend, 1000));
  tap.failing = true;
  feed(kReceive, close_frame(kReceive, 1000));
  tap.failing = false;
  EXPECT_EQ(finish().reason, "capture_failed");
}

TEST_F(CaptureFirst, AFlowThatCannotBeRecordedDoesNotOpen) {
  tap.failing = true;
  pipeline::Flow unrecorded({.id = 1}, pipeline::Pipeline(), {options, tap, entropy, counters});
  const auto opened = unrecorded.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, std::errc::no_space_on_device);
}

TEST_F(CaptureFirst, TheEndIsRecordedOnce) {
  finish();
  EXPECT_TRUE(flow().finish(clock.now));
  EXPECT_EQ(tap.closed.size(), 1U);
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// HOLD-3: frames that reviewers put among those of a flow.
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;

using HoldInjection = HoldTest;

TEST_F(HoldInjection, Hold3_InjectedFramesLeaveBeforeWhatIsHeldOrBehindIt) {
  hold("send and text");
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  EXPECT_TRUE(flow().inject({.flow = 7, .payload = bytes("before"), .by = "ann"}).result == Result::ok);
  EXPECT_TRUE(
      flow()
          .inject({.flow = 7, .payload = bytes("after"), .after = pipeline::HeldId{7, 2}, .by = "ann"})
          .result == Result::ok);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("before"));
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("before", "held", "after"));
  EXPECT_EQ(tap.frames.back().verdict, Verdict::injected);
  EXPECT_EQ(tap.frames.back().cause, "reviewer:ann");
}

TEST_F(HoldInjection, Hold3_InjectionIntoAFlowWithoutRules) {
  feed(kSend, text_frame(kSend, "one"));
  EXPECT_TRUE(flow().inject({.flow = 7, .direction = kReceive, .payload = bytes("hi")}).result == Result::ok);
  chores(kReceive);
  EXPECT_THAT(said(kReceive), ElementsAre("hi"));
}

// FRM-7: a Close ends its direction, whoever said it.
TEST_F(HoldInjection, Hold3_NothingLeavesBehindAReviewersClose) {
  hold("send and text");
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  EXPECT_TRUE(flow().inject({.flow = 7, .opcode = 8, .payload = close_body(4000)}).result == Result::ok);
  chores(kSend);
  release(2);
  chores(kSend);
  feed(kSend, proper(kSend, {.opcode = 2, .payload = bytes("more")}));
  feed(kSend, close_frame(kSend, 1000));
  ASSERT_EQ(frames_left(kSend).size(), 1U);
  EXPECT_EQ(frames_left(kSend)[0].payload, close_body(4000));
  EXPECT_EQ(became(2), "dropped after_close");
  EXPECT_EQ(tap.frames.back().cause, "after_close");
}

TEST_F(HoldInjection, Hold3_InjectionThatCannotLeaveAnyMoreIsNoted) {
  hold("send and text");
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  EXPECT_TRUE(flow().inject({.flow = 7, .payload = bytes("after"), .after = pipeline::HeldId{7, 2}}).result ==
              Result::ok);
  EXPECT_TRUE(flow().inject({.flow = 7, .direction = kReceive, .payload = bytes("x")}).result == Result::ok);
  end(kSend, pipeline::StreamEnd::reset);
  finish();
  std::size_t noted = 0;
  for (const auto& note : tap.notes) noted += note.text.starts_with("not_injected");
  EXPECT_EQ(noted, 2U);
}

TEST_F(HoldInjection, Hold3_InjectionBehindACloseIsAnError) {
  feed(kSend, close_frame(kSend, 1000));
  EXPECT_TRUE(flow().inject({.flow = 7, .payload = bytes("hi")}).result == Result::refused);
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// HOLD-3: frames that reviewers put among those of a flow.
#include "tests/unit/pipeline/hold_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

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
  EXPECT_TRUE(release(2).result == Result::refused);
  drop(2);
  chores(kSend);
  feed(kSend, proper(kSend, {.opcode = 2, .payload = bytes("more")}));
  feed(kSend, close_frame(kSend, 1000));
  ASSERT_EQ(frames_left(kSend).size(), 1U);
  EXPECT_EQ(frames_left(kSend)[0].payload, close_body(4000));
  EXPECT_EQ(became(2), "dropped after_close");
  EXPECT_EQ(tap.frames.back().cause, "after_close");
}

TEST_F(HoldInjection, Hold3_NothingIsSaidToLeaveBehindAReviewersClose) {
  hold("send and text");
  held_flow();
  for (const auto* each : {"a", "b"}) feed(kSend, text_frame(kSend, each));
  EXPECT_TRUE(
      flow()
          .inject({.flow = 7, .opcode = 8, .payload = close_body(4000), .after = pipeline::HeldId{7, 2}})
          .result == Result::ok);
  release(2);
  chores(kSend);
  EXPECT_EQ(release(3).reason, "a Close has left, and nothing may follow it");
  EXPECT_TRUE(modify(3, "x").result == Result::refused);
  EXPECT_TRUE(drop(3).result == Result::ok);
  chores(kSend);
  EXPECT_EQ(became(3), "dropped after_close");
}

// FRM-8: at the end each peer is told once.
TEST_F(HoldInjection, Hold3_FarewellBehindAReviewersClose) {
  hold("send and text");
  held_flow();
  EXPECT_TRUE(flow().inject({.flow = 7, .opcode = 8, .payload = close_body(4000)}).result == Result::ok);
  chores(kSend);
  flow().give_up("shutdown");
  const auto farewell = flow().farewell(clock.now);
  EXPECT_TRUE(farewell[0].empty());
  EXPECT_FALSE(farewell[1].empty());
}

TEST_F(HoldInjection, Hold3_FarewellWhereTheCloseWasDropped) {
  hold("close");
  held_flow();
  feed(kSend, close_frame(kSend, 1000));
  drop(2);
  chores(kSend);
  flow().give_up("shutdown");
  EXPECT_FALSE(flow().farewell(clock.now)[0].empty());
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

/// All that a flow keeps counts, as soon as there is a flow.
class FlowGauge final : public pipeline::BufferGauge {
 public:
  const pipeline::Flow* flow = nullptr;
  bool has_room(std::uint64_t bytes) const noexcept override {
    return flow->buffered(kSend) + bytes <= 1'000'000;
  }
};

class InjectionBehind : public HoldTest {
 protected:
  pipeline::ReviewAnswer inject_behind(pipeline::Sequence sequence, Buffer payload) {
    return flow().inject({.flow = 7,
                          .opcode = 2,
                          .payload = std::move(payload),
                          .after = pipeline::HeldId{7, sequence},
                          .by = "ann"});
  }
  std::uint64_t waiting_bytes() const {
    pipeline::HoldStats stats;
    queue.add_to(stats);
    return stats.waiting_bytes;
  }
};

// LIM-4: what was answered "ok" leaves, and what there is no room for is refused when it is asked for.
TEST_F(InjectionBehind, Hold3_WhatWasAcceptedLeaves) {
  hold("send and text");
  FlowGauge filling;
  gauge = &filling;
  filling.flow = &held_flow();
  feed(kSend, text_frame(kSend, "held"));
  std::size_t accepted = 0;
  pipeline::ReviewAnswer answer;
  while (accepted < 100 && (answer = inject_behind(2, Buffer(100'000))).result == Result::ok) ++accepted;
  EXPECT_EQ(accepted, 9U);
  EXPECT_EQ(answer.reason, "too much waits in buffers (--max-buffered)");
  release(2);
  chores(kSend);
  EXPECT_EQ(frames_left(kSend).size(), 1 + accepted);
  EXPECT_THAT(tap.notes, testing::IsEmpty());
  EXPECT_EQ(flow().buffered(kSend), 0U);
}

TEST_F(InjectionBehind, Hold3_WhatLeavesNextCountsUntilItDoes) {
  FlowGauge filling;
  gauge = &filling;
  filling.flow = &held_flow();
  std::size_t accepted = 0;
  while (accepted < 100 &&
         flow().inject({.flow = 7, .opcode = 2, .payload = Buffer(100'000), .by = "ann"}).result ==
             Result::ok)
    ++accepted;
  EXPECT_EQ(accepted, 9U);
  chores(kSend);
  EXPECT_EQ(frames_left(kSend).size(), accepted);
}

TEST_F(InjectionBehind, Hold5_WhatReviewersAddCountsAsHeld) {
  hold("send and text");
  hold_settings.bytes = 100'000;
  held_flow();
  for (const auto* each : {"a", "b", "c"}) feed(kSend, text_frame(kSend, each));
  const std::uint64_t came = waiting_bytes();
  EXPECT_TRUE(inject_behind(3, Buffer(40'000)).result == Result::ok);
  EXPECT_GE(waiting_bytes(), came + 40'000);
  EXPECT_TRUE(modify(3, std::string(40'000, 'x')).result == Result::ok);
  EXPECT_GE(waiting_bytes(), came + 80'000);
  EXPECT_EQ(inject_behind(3, Buffer(40'000)).reason, "too much is held (--hold-bytes)");
  EXPECT_EQ(modify(4, std::string(40'000, 'x')).reason, "too much is held (--hold-bytes)");
  EXPECT_TRUE(modify(4, "short").result == Result::ok);
  EXPECT_TRUE(modify(2, std::string(200'000, 'x')).result == Result::ok) << "the first leaves at once";
  chores(kSend);
  EXPECT_EQ(frames_left(kSend).size(), 4U);
  EXPECT_EQ(waiting_bytes(), 0U);
}

TEST_F(InjectionBehind, Hold5_NothingWaitsBehindWhatNobodyWasShown) {
  hold("send and text");
  hold_settings.capacity = 1;
  held_flow();
  feed(kSend, text_frame(kSend, "a"));
  feed(kSend, text_frame(kSend, "b"));
  EXPECT_TRUE(inject_behind(3, Buffer(1)).result == Result::late);
}

// PIPE-4: what is put beside something delayed is recorded when it leaves.
TEST_F(InjectionBehind, Hold3_LeavesWithWhatIsDelayed) {
  hold("send and text");
  steps.push_back(
      std::make_shared<ScriptedStep>(pipeline::StepKind::transform, [](const pipeline::Envelope&, Bytes) {
        pipeline::Decision decision;
        decision.delay_ns = 1;
        return decision;
      }));
  held_flow();
  feed(kSend, text_frame(kSend, "slow"));
  EXPECT_TRUE(inject_behind(2, bytes("x")).result == Result::ok);
  release(2);
  chores(kSend);
  EXPECT_THAT(said(kSend), ElementsAre("slow", "x"));
  EXPECT_EQ(tap.frames.size(), 1U);
  EXPECT_EQ(became(2), "nothing");
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(flow().leave_delayed(kSend, clock.now));
  EXPECT_EQ(became(2), "forwarded reviewer:ann");
  ASSERT_EQ(tap.frames.size(), 2U);
  EXPECT_EQ(tap.frames[1].time_ns, clock.now);
}

// CAP-2: the recording has frames and what became of others in the order in which they left.
TEST_F(InjectionBehind, Hold3_IsRecordedWhereItLeft) {
  hold("send and text");
  held_flow();
  for (const auto* each : {"a", "b", "c"}) feed(kSend, text_frame(kSend, each));
  EXPECT_TRUE(inject_behind(2, bytes("x")).result == Result::ok);
  EXPECT_TRUE(inject_behind(3, bytes("y")).result == Result::ok);
  for (const pipeline::Sequence sequence : {4, 3, 2}) release(sequence);
  std::vector<std::string> order;
  std::size_t outcomes_told = 0;
  const auto outcomes_so_far = [&] {
    for (; outcomes_told < tap.outcomes.size(); ++outcomes_told)
      order.push_back(std::to_string(tap.outcomes[outcomes_told].sequence));
  };
  tap.on_burst = [&](const pipeline::Burst& burst) {
    outcomes_so_far();
    for (std::size_t i = 0; i < burst.ends.size(); ++i)
      order.push_back(std::to_string(burst.first_sequence + i));
  };
  chores(kSend);
  outcomes_so_far();
  EXPECT_THAT(said(kSend), ElementsAre("a", "x", "b", "y", "c"));
  EXPECT_THAT(order, ElementsAre("2", "5", "3", "6", "4"));
}

}  // namespace
}  // namespace wstap::test

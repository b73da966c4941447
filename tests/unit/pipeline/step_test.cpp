// SPDX-License-Identifier: Apache-2.0
// The pipeline: eight steps in one order, what each may do with a frame, and that what is not needed costs
// nothing.
#include <algorithm>

#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::StepKind;
using pipeline::Verdict;

constexpr StepKind kBeforeRecord[] = {
    StepKind::host_scope, StepKind::http_scope, StepKind::safety,      StepKind::plugin_pre,
    StepKind::intercept,  StepKind::transform,  StepKind::plugin_post,
};

using Steps = FlowTest;

// PIPE-1: the eight, in this order, in whatever order a configuration names them.
TEST_F(Steps, SeeAFrameInOrder) {
  std::vector<std::string_view> order;
  for (const auto kind : kBeforeRecord)
    steps.push_back(scripted(kind, [&order, kind](const Envelope&, Bytes) {
      order.push_back(name(kind));
      return Decision{};
    }));
  std::ranges::reverse(steps);
  tap.on_burst = [&](const pipeline::Burst&) { order.push_back(name(StepKind::record)); };
  feed(kSend, text_frame(kSend, "x"));
  EXPECT_THAT(order, testing::ElementsAre("HostScope", "HttpScope", "Safety", "PluginPre", "Intercept",
                                          "Transform", "PluginPost", "Record"));
}

// PIPE-1: a step sees the frame whole, unmasked, with its identity.
TEST_F(Steps, SeeTheEnvelope) {
  const auto probe = scripted(StepKind::transform);
  steps = {probe};
  feed(kReceive, text_frame(kReceive, "first"));
  const auto frame = proper(kSend, {.opcode = 2, .payload = bytes("hello"), .fin = false});
  feed(kSend, frame);
  ASSERT_EQ(probe->seen.size(), 2U);
  const auto& [envelope, raw, payload] = probe->seen[1];
  EXPECT_EQ(envelope.flow, 7U);
  EXPECT_EQ(envelope.sequence, 3U);
  EXPECT_EQ(envelope.time_ns, clock.now);
  EXPECT_EQ(envelope.direction, kSend);
  EXPECT_EQ(envelope.frame.header.opcode, 2);
  EXPECT_EQ(envelope.placement.part, ws::Part::first);
  EXPECT_EQ(envelope.placement.message_first, 3U);
  EXPECT_EQ(raw, frame);
  EXPECT_EQ(text(payload), "hello");
}

// PIPE-1, FLOW-3: what one step puts in the frame's place, the next one sees; the last version leaves, and
// the recording keeps both.
TEST_F(Steps, SeeWhatTheOneBeforePutThere) {
  const auto first = scripted(StepKind::plugin_pre, [](const Envelope& envelope, Bytes) {
    auto decision = replaced(envelope, bytes("longer than before"), "plugin");
    decision.header.opcode = 2;
    return decision;
  });
  const auto second = scripted(StepKind::transform, [](const Envelope& envelope, Bytes payload) {
    return replaced(envelope, concat({payload, as_bytes("!")}), "rule-1");
  });
  steps = {first, second};
  const auto frame = text_frame(kSend, "original");
  const auto took = feed(kSend, frame);

  EXPECT_EQ(text(first->seen[0].payload), "original");
  EXPECT_EQ(text(second->seen[0].payload), "longer than before");
  EXPECT_EQ(second->seen[0].envelope.frame.header.opcode, 2);
  EXPECT_EQ(second->seen[0].envelope.frame.header.payload_len, 18U);
  EXPECT_EQ(second->seen[0].raw, frame) << "what came stays what came";

  const auto left = frames_left(kSend);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].opcode, 2);
  EXPECT_EQ(text(left[0].payload), "longer than before!");
  EXPECT_TRUE(left[0].mask);
  EXPECT_EQ(tap.frames[0].raw, frame);
  EXPECT_EQ(tap.frames[0].sent, took.out);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::changed);
  EXPECT_EQ(tap.frames[0].cause, "rule-1");
}

// A frame that grows does not run into those behind it.
TEST_F(Steps, MakeRoomForWhatTheyPutThere) {
  steps = {scripted(StepKind::transform, [](const Envelope& envelope, Bytes payload) {
    return text(payload) == "a" ? replaced(envelope, Buffer(300, std::byte{'A'}), "rule") : Decision{};
  })};
  for (const auto direction : {kSend, kReceive}) {
    const auto b = text_frame(direction, "b");
    const auto left = parse_frames(feed(direction, concat({text_frame(direction, "a"), b, b})).out);
    ASSERT_EQ(left.size(), 3U);
    EXPECT_EQ(left[0].payload, Buffer(300, std::byte{'A'}));
    EXPECT_EQ(text(left[1].payload), "b");
    EXPECT_EQ(text(left[2].payload), "b");
  }
}

// PIPE-1: a drop ends it: no later step sees the frame, and it does not leave, but it is recorded.
TEST_F(Steps, DoNotSeeWhatWasDropped) {
  const auto later = scripted(StepKind::transform);
  const auto blocks = [](const Envelope&, Bytes payload) {
    return text(payload) == "bad" ? dropped("no-bad", Verdict::blocked) : Decision{};
  };
  steps = {scripted(StepKind::safety, blocks), later};
  feed(kSend, concat({text_frame(kSend, "good"), text_frame(kSend, "bad"), text_frame(kSend, "fine")}));
  EXPECT_EQ(later->seen.size(), 2U);
  ASSERT_EQ(tap.frames.size(), 3U);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_EQ(tap.frames[1].verdict, Verdict::blocked);
  EXPECT_EQ(tap.frames[1].cause, "no-bad");
  EXPECT_FALSE(tap.frames[1].sent);
  EXPECT_EQ(tap.frames[2].verdict, Verdict::forwarded);
  const auto left = frames_left(kSend);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(text(left[0].payload), "good");
  EXPECT_EQ(text(left[1].payload), "fine");
}

// FLOW-3: a frame that was changed and then dropped was dropped.
TEST_F(Steps, DropWhatAnotherChanged) {
  steps = {scripted(StepKind::plugin_pre, [](const Envelope& envelope,
                                             Bytes) { return replaced(envelope, bytes("new"), "plugin"); }),
           scripted(StepKind::intercept, [](const Envelope&, Bytes) { return dropped("reviewer"); })};
  EXPECT_TRUE(feed(kReceive, text_frame(kReceive, "old")).out.empty());
  EXPECT_EQ(tap.frames[0].verdict, Verdict::dropped);
  EXPECT_EQ(tap.frames[0].cause, "reviewer");
  EXPECT_FALSE(tap.frames[0].sent);
}

// FLOW-2: neither drops nor blocks change a flow's state.
TEST_F(Steps, DoNotChangeTheFlowsState) {
  steps = {scripted(StepKind::intercept, [](const Envelope&, Bytes) { return dropped("reviewer"); })};
  feed(kSend, text_frame(kSend, "a"));
  feed(kReceive, concat({text_frame(kReceive, "b"), proper(kReceive, {.opcode = 9})}));
  EXPECT_FALSE(flow().failed());
  EXPECT_FALSE(flow().closed_one_way());
  EXPECT_TRUE(tap.closed.empty());
  feed(kSend, close_frame(kSend, 1000));
  feed(kReceive, close_frame(kReceive, 1000));
  const auto closed = finish();
  EXPECT_EQ(closed.state, pipeline::FlowState::complete);
  EXPECT_EQ(closed.reason, "");
}

// FRM-6: in verbatim mode only what was changed is written anew.
TEST_F(Steps, ChangeFramesOfAVerbatimFlow) {
  options.forward = pipeline::Forward::verbatim;
  steps = {scripted(StepKind::transform, [](const Envelope& envelope, Bytes payload) {
    return text(payload) == "b" ? replaced(envelope, bytes("B"), "rule") : Decision{};
  })};
  const auto a = proper(kSend, {.payload = bytes("a"), .rsv = 2, .length = LengthForm::in_16_bits});
  const auto c = text_frame(kSend, "c");
  feed(kSend, concat({a, text_frame(kSend, "b"), c}));
  ASSERT_TRUE(tap.frames[1].sent);
  EXPECT_EQ(left(kSend), concat({a, *tap.frames[1].sent, c}));
  EXPECT_EQ(text(parse_frames(*tap.frames[1].sent)[0].payload), "B");
}

// FRM-6: a replacement is masked towards the server and bare towards the client, whatever came.
TEST_F(Steps, ReplaceInEitherDirection) {
  steps = {scripted(StepKind::transform, [](const Envelope& envelope, Bytes) {
    return replaced(envelope, bytes("new"), "rule");
  })};
  feed(kSend, wire({.payload = bytes("bare")}));
  feed(kReceive, wire({.payload = bytes("masked"), .mask = kClientMask}));
  EXPECT_TRUE(frames_left(kSend)[0].mask);
  EXPECT_FALSE(frames_left(kReceive)[0].mask);
  EXPECT_EQ(text(frames_left(kReceive)[0].payload), "new");
}

using Plans = FlowTest;

// PIPE-2: a flow that only needs recording is never unmasked for reading, nor inflated.
TEST_F(Plans, ThatAreEmptyReadNoPayload) {
  extensions = "permessage-deflate";
  std::mt19937 engine(1);
  for (int i = 0; i < 300; ++i) {
    auto frame = random_frame(engine, 300);
    if (frame.opcode >= 8) frame = {.opcode = 9};
    for (const auto direction : {kSend, kReceive}) feed(direction, wire(frame));
  }
  feed(kSend, close_frame(kSend, 1000, "bye"));
  EXPECT_EQ(counters.frames.load(), 601U);
  EXPECT_EQ(counters.frames_unmasked.load(), 0U);
  EXPECT_EQ(counters.bytes_inflated.load(), 0U);
}

// PIPE-2: steps that do not matter for a flow are not in its plan; those that do not read payloads cost none.
TEST_F(Plans, HoldWhatMatters) {
  const auto idle = scripted(StepKind::safety);
  idle->is_wanted = false;
  const auto blind = scripted(StepKind::host_scope);
  blind->wants_payload = false;
  steps = {idle, blind};
  feed(kSend, text_frame(kSend, "x"));
  EXPECT_TRUE(idle->seen.empty());
  ASSERT_EQ(blind->seen.size(), 1U);
  EXPECT_TRUE(blind->seen[0].payload.empty());
  EXPECT_EQ(counters.frames_unmasked.load(), 0U);
}

// PIPE-2
TEST_F(Plans, CountWhatTheyUnmask) {
  steps = {scripted(StepKind::safety)};
  feed(kSend, concat({text_frame(kSend, "x"), text_frame(kSend, "y")}));
  feed(kReceive, text_frame(kReceive, "z"));
  EXPECT_EQ(counters.frames_unmasked.load(), 3U);
}

TEST(Pipeline, PlansNothingForNobody) {
  const pipeline::FlowNames flow(1, "ws://localhost/", "");
  EXPECT_TRUE(pipeline::Pipeline().plan(flow).empty());
  EXPECT_FALSE(pipeline::Pipeline().plan(flow).needs.payloads);
  const auto one = scripted(StepKind::safety);
  const auto plan = pipeline::Pipeline({one}).plan(flow);
  EXPECT_EQ(plan.steps.size(), 1U);
  EXPECT_TRUE(plan.needs.payloads);
}

}  // namespace
}  // namespace wstap::test

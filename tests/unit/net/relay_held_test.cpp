// SPDX-License-Identifier: Apache-2.0
// A relay in which frames are held: what goes on meanwhile, and how it ends (HOLD-1 to HOLD-5, FRM-7, FRM-8).
#include "libcore/pipeline/frame_subject.h"
#include "libcore/steps/intercept.h"
#include "tests/unit/net/relay_fixture.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using pipeline::FlowState;
using pipeline::Review;
using pipeline::ReviewAnswer;
using testing::ElementsAre;
using testing::IsEmpty;

class RelayHolds : public RelayTest {
 protected:
  void start(std::string_view expression = "send and text") {
    auto filter = filter::Filter::compile(expression, pipeline::vocabulary());
    ASSERT_TRUE(filter);
    std::vector<steps::HoldRule> rules(1);
    rules[0] = {.id = "rule", .filter = std::move(*filter)};
    session.steps.push_back(std::make_shared<steps::Intercept>(std::move(rules)));
    session.start();
  }
  ReviewAnswer decide(Review review) {
    review.id.flow = 1;
    review.by = "ann";
    std::optional<ReviewAnswer> answer;
    session.queue.review(std::move(review), [&](ReviewAnswer given) { answer = std::move(given); });
    session.settle();
    EXPECT_TRUE(answer);
    return answer.value_or(ReviewAnswer{});
  }
  void release(pipeline::Sequence sequence) {
    EXPECT_TRUE(decide({.id = {1, sequence}}).result == ReviewAnswer::Result::ok);
  }
  std::vector<std::string> said(PipePeer& peer) {
    std::vector<std::string> all;
    for (const auto& frame : parse_frames(session.drain(peer))) all.push_back(text(frame.payload));
    return all;
  }
  std::size_t held() const { return session.queue.items().size(); }
  std::string became(pipeline::Sequence sequence) const {
    for (const auto& outcome : tap.outcomes)
      if (outcome.sequence == sequence) return std::string(name(outcome.verdict)) + " " + outcome.cause;
    return "nothing";
  }
};

TEST_F(RelayHolds, Hold1_DecisionsLetFramesLeaveAtOnce) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  session.client_sends(from_client(2, bytes("behind")));
  session.server_sends(from_server(1, bytes("free")));
  EXPECT_EQ(server.waiting(), 0U);
  EXPECT_THAT(said(client), ElementsAre("free"));
  release(2);
  EXPECT_THAT(said(server), ElementsAre("held", "behind"));
}

TEST_F(RelayHolds, Hold5_SenderThatEndedInOrderWaitsForTheDecision) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  client.finish();
  session.settle();
  EXPECT_FALSE(server.saw_end());
  release(2);
  EXPECT_THAT(said(server), ElementsAre("held"));
  EXPECT_TRUE(server.saw_end());
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().state, FlowState::complete);
}

TEST_F(RelayHolds, Hold5_ResetOfTheSenderIsPassedOnAtOnce) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  client.reset();
  session.settle();
  EXPECT_TRUE(server.saw_reset());
  const auto closed = session.closed();
  EXPECT_EQ(closed.reason, "reset");
  EXPECT_EQ(became(2), "dropped peer_gone");
  EXPECT_EQ(held(), 0U);
}

// FRM-8: also while nothing is read of it, since the queue is full.
TEST_F(RelayHolds, Hold5_ResetOfASenderThatIsNotRead) {
  session.hold_settings.capacity = 1;
  start();
  session.client_sends(from_client(1, bytes("held")));
  session.client_sends(from_client(1, bytes("waits for room")));
  client.reset();
  session.settle();
  EXPECT_TRUE(server.saw_reset());
  EXPECT_EQ(session.closed().reason, "reset");
}

TEST_F(RelayHolds, Hold5_ResetOfTheReceiver) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  server.reset();
  session.settle();
  EXPECT_TRUE(client.saw_reset());
  EXPECT_EQ(session.closed().reason, "reset");
  EXPECT_EQ(became(2), "dropped peer_gone");
}

TEST_F(RelayHolds, Hold5_FullQueueReadsNoMoreUntilThereIsRoom) {
  session.hold_settings.capacity = 2;
  start();
  Buffer all;
  for (const auto* each : {"a", "b", "c", "d", "e"}) append(all, from_client(1, bytes(each)));
  session.client_sends(all);
  EXPECT_EQ(held(), 2U);
  for (pipeline::Sequence sequence = 2; sequence < 7; ++sequence) release(sequence);
  EXPECT_THAT(said(server), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(RelayHolds, Hold5_TimeoutOfTheRelaysOwn) {
  session.hold_settings.timeout_ns = 1'000'000;
  session.hold_settings.keepalive_ns = 0;
  start();
  session.client_sends(from_client(1, bytes("held")));
  clock.advance(1ms);
  EXPECT_TRUE(run_until([&] { return server.waiting() != 0; }));
  EXPECT_THAT(said(server), ElementsAre("held"));
  EXPECT_EQ(became(2), "forwarded hold_timeout");
}

TEST_F(RelayHolds, Hold4_PingsOfTheRelaysOwn) {
  session.hold_settings.keepalive_ns = 1'000'000;
  start();
  session.client_sends(from_client(1, bytes("held")));
  clock.advance(1ms);
  EXPECT_TRUE(run_until([&] { return server.waiting() != 0; }));
  const auto frames = parse_frames(session.drain(server));
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].opcode, 9);
  session.server_sends(from_server(10, frames[0].payload));
  EXPECT_EQ(client.waiting(), 0U);
}

// FRM-7: a Close waits behind what is held, and its timer begins when that is decided.
TEST_F(RelayHolds, Frm7_CloseTimerStandsStillWhileAFrameIsHeld) {
  session.options.close_timeout = 20ms;
  start();
  session.client_sends(from_client(1, bytes("held")));
  session.client_sends(from_client(8, close_body(1000)));
  session.server_sends(from_server(8, close_body(1001)));
  for (int i = 0; i < 3; ++i) {
    asio::steady_timer timer(worker.io(), 20ms);
    bool over = false;
    timer.async_wait([&](std::error_code) { over = true; });
    EXPECT_TRUE(run_until([&] { return over; }));
  }
  EXPECT_FALSE(session.done());
  release(2);
  const auto frames = parse_frames(session.drain(server));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].opcode, 8);
  EXPECT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_EQ(session.closed().state, FlowState::complete);
}

TEST_F(RelayHolds, Hold5_ShutdownResolvesEverythingByTheTimeoutsAction) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  session.client_sends(from_client(2, bytes("behind")));
  session.relay().shut_down();
  session.settle();
  const auto frames = parse_frames(session.drain(server));
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(text(frames[0].payload), "held");
  EXPECT_EQ(text(frames[1].payload), "behind");
  EXPECT_EQ(frames[2].payload, close_body(1001));
  EXPECT_EQ(became(2), "forwarded hold_shutdown");
  client.finish();
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().reason, "shutdown");
}

// LIM-4: idleness begins with what left last, and not while wstap kept it back.
TEST_F(RelayHolds, Lim4_IdleTimerBeginsWhenWhatWasHeldLeft) {
  session.options.idle_timeout = 20ms;
  session.hold_settings.keepalive_ns = 0;
  start();
  session.client_sends(from_client(1, bytes("held")));
  const auto wait = [&](std::chrono::milliseconds time) {
    asio::steady_timer timer(worker.io(), time);
    bool over = false;
    timer.async_wait([&](std::error_code) { over = true; });
    EXPECT_TRUE(run_until([&] { return over; }));
  };
  clock.advance(100ms);
  wait(40ms);
  clock.advance(19ms);
  release(2);
  clock.advance(1ms);
  wait(40ms);
  EXPECT_FALSE(session.done());
  clock.advance(19ms);
  EXPECT_TRUE(run_until([&] { return client.waiting() != 0; }));
  client.finish();
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().reason, "idle_timeout");
}

TEST_F(RelayHolds, Hold3_InjectedFrameLeavesThoughNothingComes) {
  session.start();
  EXPECT_TRUE(session.relay().inject({.flow = 1, .payload = bytes("hi"), .by = "ann"}).result ==
              ReviewAnswer::Result::ok);
  session.settle();
  EXPECT_THAT(said(server), ElementsAre("hi"));
}

TEST_F(RelayHolds, Hold7_LateDecisionAfterTheEnd) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  client.reset();
  session.settle();
  EXPECT_TRUE(decide({.id = {1, 2}}).result == ReviewAnswer::Result::late);
}

// LIM-4: what waits counts as buffered, until it has left.
TEST_F(RelayHolds, Lim4_HeldFramesAreAccountedFor) {
  start();
  session.client_sends(from_client(1, Buffer(200'000, std::byte{'x'})));
  EXPECT_GT(worker.buffers().budget().total(), 400'000U);
  release(2);
  session.drain(server, 300'000);
  EXPECT_EQ(worker.buffers().budget().total(), 0U);
}

TEST_F(RelayHolds, Hold1_LargeFrameInManyReadsBehindAHeldOne) {
  start();
  session.client_sends(from_client(1, bytes("held")));
  const Buffer large = random_bytes(900'000, 7);
  session.client_sends(from_client(2, large));
  release(2);
  const auto frames = parse_frames(session.drain(server, 50'000));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].payload, large);
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// How a relay ends: ends of streams, resets and timers, seen by either peer and on the recording.
#include "tests/unit/net/relay_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using pipeline::FlowState;
using pipeline::Party;

class RelayEnds : public RelayTest {
 protected:
  const Buffer hello_ = from_client(1, bytes("hello"));
  const Buffer large_ = from_client(2, random_bytes(100'000, 1));

  /// The server takes nothing, and the client sends more than fits anywhere.
  void block_towards_server(Bytes frame) {
    server.set_window(10);
    session.start();
    session.client_sends(frame);
    ASSERT_EQ(server.waiting(), 10U);
  }
  void expect_reset(Party began) {
    ASSERT_TRUE(session.done());
    const auto closed = session.closed();
    EXPECT_EQ(closed.state, FlowState::error);
    EXPECT_EQ(closed.reason, "reset");
    EXPECT_EQ(closed.began, began);
  }
};

// FRM-7: half-close: one direction ends, the other goes on.
TEST_F(RelayEnds, OneDirectionAtATime) {
  session.start();
  client.send(hello_);
  client.finish();
  session.settle();
  EXPECT_TRUE(server.saw_end());
  EXPECT_FALSE(client.saw_end());
  EXPECT_FALSE(session.done());
  session.server_sends(from_server(1, bytes("still here")));
  EXPECT_EQ(client.receive(), from_server(1, bytes("still here")));
  server.finish();
  session.settle();
  EXPECT_TRUE(client.saw_end());
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_EQ(closed.close_code, 1006);
  EXPECT_EQ(closed.began, Party::client);
}

// The end comes behind everything, not instead of it.
TEST_F(RelayEnds, BehindWhatTheReceiverHasStillToTake) {
  block_towards_server(large_);
  client.finish();
  session.settle();
  EXPECT_FALSE(server.saw_end());
  EXPECT_EQ(parse_frames(session.drain(server)), parse_frames(large_));
  EXPECT_TRUE(server.saw_end());
  server.finish();
  session.settle();
  EXPECT_FALSE(session.closed().undelivered_from[0]);
}

// The same when the transport keeps what was written.
TEST_F(RelayEnds, BehindWhatTheTransportKeeps) {
  session.keeps = true;
  block_towards_server(hello_);
  client.finish();
  session.settle();
  EXPECT_FALSE(server.saw_end());
  EXPECT_EQ(text(parse_frames(session.drain(server, 1))[0].payload), "hello");
  EXPECT_TRUE(server.saw_end());
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().state, FlowState::complete);
}

// ... and when there is no room even for the end itself.
TEST_F(RelayEnds, AsSoonAsThereIsRoomForIt) {
  session.keeps = true;
  server.set_window(hello_.size());
  session.start();
  client.send(hello_);
  client.finish();
  session.settle();
  EXPECT_FALSE(server.saw_end());
  EXPECT_EQ(parse_frames(server.receive()).size(), 1U);
  session.settle();
  EXPECT_TRUE(server.saw_end());
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().state, FlowState::complete);
}

// FRM-7
TEST_F(RelayEnds, AfterTheClosingHandshake) {
  session.start();
  session.server_sends(from_server(8, close_body(1000)));
  session.client_sends(from_client(8, close_body(1000)));
  EXPECT_FALSE(session.done()) << "the peers end the connection, the server first";
  server.finish();
  session.settle();
  EXPECT_TRUE(client.saw_end());
  client.finish();
  session.settle();
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_EQ(closed.close_code, 1000);
  EXPECT_EQ(closed.began, Party::server);
}

TEST_F(RelayEnds, WhenTlsIsCutOff) {
  session.start();
  client.finish(net::IoStatus::truncated);
  server.finish();
  session.settle();
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_THAT(closed.notes, testing::ElementsAre("tls_truncated"));
}

class RelayReset : public RelayEnds, public testing::WithParamInterface<bool> {
 protected:
  PipePeer& one() { return GetParam() ? client : server; }
  PipePeer& other() { return GetParam() ? server : client; }
  Party who() const { return GetParam() ? Party::client : Party::server; }
};

// FRM-8: a reset is noticed at once, and passed on.
TEST_P(RelayReset, IsPassedOn) {
  session.start();
  one().reset();
  session.settle();
  EXPECT_TRUE(other().saw_reset());
  expect_reset(who());
}

// FRM-8: ... also by a peer that had ended its own direction.
TEST_P(RelayReset, IsNoticedBehindAnEnd) {
  session.start();
  one().finish();
  session.settle();
  one().reset();
  session.settle();
  EXPECT_TRUE(other().saw_reset());
  expect_reset(who());
}

// FRM-8: ... and while the other direction waits for its receiver, in either role.
TEST_P(RelayReset, IsNoticedWhileAWriteWaits) {
  block_towards_server(large_);
  one().reset();
  session.settle();
  EXPECT_TRUE(other().saw_reset());
  expect_reset(who());
  EXPECT_EQ(tap.closed[0].undelivered_from[0], 2U);
}

TEST_P(RelayReset, IsNoticedWhileBothWritesWait) {
  client.set_window(10);
  block_towards_server(large_);
  session.server_sends(from_server(2, Buffer(100'000)));
  one().reset();
  session.settle();
  EXPECT_TRUE(other().saw_reset());
  expect_reset(who());
  EXPECT_EQ(tap.closed[0].undelivered_from[0], 2U);
  EXPECT_EQ(tap.closed[0].undelivered_from[1], 3U);
}

// FRM-7: after both Closes a reset is no error, and who still reads gets what is on its way.
TEST_P(RelayReset, DoesNotSpoilACompleteSession) {
  session.start();
  other().set_window(3);
  session.client_sends(from_client(8, close_body(1000)));
  session.server_sends(from_server(8, close_body(1000)));
  one().reset();
  session.settle();
  EXPECT_FALSE(other().saw_reset());
  EXPECT_EQ(parse_frames(session.drain(other())).size(), 1U);
  EXPECT_TRUE(other().saw_end());
  other().finish();
  session.settle();
  EXPECT_EQ(session.closed().state, FlowState::complete);
}

INSTANTIATE_TEST_SUITE_P(By, RelayReset, testing::Bool(),
                         [](const auto& row) { return row.param ? "Client" : "Server"; });

// What a peer sent before its reset was received, and is recorded, also when a write is what finds the reset.
TEST_F(RelayEnds, WithAllThatCameBeforeAReset) {
  session.start();
  const auto last = from_server(1, bytes("last words"));
  client.send(hello_);
  server.send(last);
  server.reset();
  session.settle();
  EXPECT_EQ(tap.received(kReceive), last);
  expect_reset(Party::server);
  EXPECT_EQ(tap.closed[0].undelivered_from[0], 2U);
}

TEST_F(RelayEnds, WithAllThatCameBeforeAResetOfABlockedReceiver) {
  block_towards_server(large_);
  const auto last = from_server(1, bytes("last words"));
  server.receive(5);  // the writer wakes before the reader
  server.send(last);
  server.reset();
  session.settle();
  EXPECT_EQ(tap.received(kReceive), last);
  EXPECT_EQ(client.receive(), last);
  expect_reset(Party::server);
}

// FRM-4: the bytes of an unfinished frame stay on the flow's end, and no others do.
TEST_F(RelayEnds, WithTheUnfinishedFrameOfAReset) {
  session.start();
  session.client_sends(concat({hello_, Bytes(large_).first(50'000)}));
  client.reset();
  session.settle();
  expect_reset(Party::client);
  EXPECT_EQ(tap.closed[0].unfinished[0], to_buffer(Bytes(large_).first(50'000)));
}

TEST_F(RelayEnds, WithoutTheFrameThatWasOnItsWayAtAReset) {
  for (const std::size_t size : {100'000U, 2'000'000U}) {
    SCOPED_TRACE(size);
    RelaySession one(worker, clock);
    one.server.set_window(10);
    one.start();
    one.client_sends(from_client(2, Buffer(size)));
    ASSERT_EQ(one.tap.frames.size(), 1U);
    one.client.reset();
    one.settle();
    const auto closed = one.closed();
    EXPECT_TRUE(closed.unfinished[0].empty());
    EXPECT_EQ(closed.undelivered_from[0], 2U);
  }
}

// FRM-7: a Close that is not answered in time.
TEST_F(RelayEnds, WhenACloseIsNotAnswered) {
  session.options.close_timeout = 1ms;
  session.start();
  session.client_sends(from_client(8, close_body(1000)));
  ASSERT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_TRUE(client.saw_end() || client.cancelled());
  EXPECT_FALSE(session.was_cut);
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_EQ(closed.close_code, 1000);
  EXPECT_THAT(closed.notes, testing::ElementsAre("close_unanswered"));
}

// The close timer also ends peers that answered and then keep the connection open.
TEST_F(RelayEnds, WhenNobodyEndsTheConnection) {
  session.options.close_timeout = 1ms;
  session.start();
  client.send(from_client(8, close_body(1000)));
  server.send(from_server(8, close_body(1000)));
  session.settle();
  ASSERT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_TRUE(session.closed().notes.empty());
}

// LIM-4: --idle-timeout counts from the last byte in either direction.
TEST_F(RelayEnds, WhenNothingHappens) {
  session.options.idle_timeout = 10ms;
  session.start();
  clock.advance(9ms);
  session.server_sends(Bytes(from_server(1, bytes("not even a frame"))).first(3));
  clock.advance(9ms);
  ASSERT_EQ(worker.io().run_one_for(10s), 1U) << "the timer ran out, and was set anew";
  EXPECT_EQ(client.waiting(), 0U);
  clock.advance(1ms);
  ASSERT_TRUE(run_until([&] { return client.waiting() != 0; }));
  EXPECT_EQ(parse_frames(client.receive())[0].payload, close_body(1001));
  EXPECT_EQ(parse_frames(server.receive())[0].payload, close_body(1001));
  client.finish();
  server.finish();
  session.settle();
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::error);
  EXPECT_EQ(closed.reason, "idle_timeout");
}

// SAFE-2: a message that is judged whole may let its rest wait only so long; what is unread meanwhile is not
// lost.
TEST_F(RelayEnds, TheWaitForTheRestOfAMessage) {
  const auto step = scripted(pipeline::StepKind::safety);
  step->whole_messages = {true, true};
  session.steps = {step};
  session.flow_options.max_wait_ns = 10'000'000;
  session.start();
  const Buffer first = from_client(1, bytes("first "), false), last = from_client(0, bytes("last"));
  session.client_sends(concat({first, Bytes(last).first(3)}));
  EXPECT_EQ(server.waiting(), 0U);
  clock.now += 10'000'000;
  ASSERT_TRUE(run_until([&] { return server.waiting() != 0; }));
  EXPECT_EQ(text(parse_frames(server.receive()).at(0).payload), "first ");
  session.client_sends(Bytes(last).subspan(3));
  EXPECT_EQ(text(parse_frames(server.receive()).at(0).payload), "last");
  client.finish();
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().state, FlowState::complete);
}

}  // namespace
}  // namespace wstap::test

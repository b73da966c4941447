// SPDX-License-Identifier: Apache-2.0
// When it is wstap that ends a session: both peers hear a Close of it, behind all that was theirs.
#include "tests/unit/net/relay_fixture.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using pipeline::FlowState;

const Buffer kNoFrame = hex("82 7f ffffffffffffffff");  // from a server
const Buffer kNoFrameOfAClient = hex("82 ff ffffffffffffffff 00000000");

class RelayFarewell : public RelayTest, public testing::WithParamInterface<bool> {
 protected:
  RelayFarewell() { session.keeps = GetParam(); }

  /// What came last to a peer is a Close with `code`, and the end of the stream.
  void expect_farewell(PipePeer& peer, Bytes received, std::uint16_t code) {
    const auto frames = parse_frames(received);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().opcode, 8);
    EXPECT_EQ(frames.back().payload, close_body(code));
    EXPECT_EQ(frames.back().mask.has_value(), &peer == &server);
    EXPECT_TRUE(peer.saw_end());
    EXPECT_FALSE(peer.saw_reset());
  }
  void both_end() {
    client.finish();
    server.finish();
    session.settle();
  }
};

// FRM-4
TEST_P(RelayFarewell, AfterBytesThatAreNoFrame) {
  session.start();
  const auto before = from_client(1, bytes("fine"));
  session.client_sends(concat({before, kNoFrameOfAClient, from_client(1, bytes("behind"))}));
  const auto to_server = server.receive();
  EXPECT_EQ(parse_frames(to_server).size(), 2U);
  EXPECT_EQ(text(parse_frames(to_server)[0].payload), "fine");
  expect_farewell(server, to_server, 1001);
  expect_farewell(client, client.receive(), 1002);

  // What still comes is read, so that the peer is not stuck, and thrown away.
  session.client_sends(from_client(1, bytes("more")));
  EXPECT_EQ(client.unread(), 0U);
  EXPECT_EQ(tap.received(kSend), before);
  EXPECT_FALSE(session.done());
  both_end();
  EXPECT_FALSE(session.was_cut);
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::error);
  EXPECT_EQ(closed.reason, "length_top_bit");
  EXPECT_FALSE(closed.undelivered_from[0]);
}

// FRM-4: frames of the very same read that are not written yet leave first, whole.
TEST_P(RelayFarewell, WaitsForTheFramesBeforeIt) {
  server.set_window(10);
  session.start();
  const auto before = concat({from_client(1, bytes("one")), from_client(2, Buffer(200'000))});
  session.client_sends(concat({before, kNoFrameOfAClient}));
  EXPECT_FALSE(server.saw_end());
  const auto to_server = session.drain(server);
  const auto frames = parse_frames(to_server);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0], parse_frames(before)[0]);
  EXPECT_EQ(frames[1], parse_frames(before)[1]);
  expect_farewell(server, to_server, 1001);
  both_end();
  EXPECT_EQ(session.closed().reason, "length_top_bit");
}

// FRM-4: a write that was under way when the other direction failed is finished, and then comes the Close.
TEST_P(RelayFarewell, WaitsForAWriteUnderWay) {
  server.set_window(10);
  session.start();
  const auto before = from_client(2, random_bytes(200'000, 1));
  session.client_sends(before);
  session.server_sends(kNoFrame);
  expect_farewell(client, client.receive(), 1001);
  const auto to_server = session.drain(server);
  ASSERT_EQ(parse_frames(to_server).size(), 2U);
  EXPECT_EQ(parse_frames(to_server)[0], parse_frames(before)[0]);
  expect_farewell(server, to_server, 1002);
  both_end();
  EXPECT_FALSE(session.closed().undelivered_from[0]);
}

// FRM-4: an end inside a frame is told to both, also to the one that ended.
TEST_P(RelayFarewell, AfterAnEndInsideAFrame) {
  session.start();
  client.send(Bytes(from_client(1, bytes("half"))).first(7));
  client.finish();
  session.settle();
  expect_farewell(client, client.receive(), 1002);
  expect_farewell(server, server.receive(), 1001);
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().reason, "aborted");
}

// A peer that resets while the other one is told to go: that one still hears it.
TEST_P(RelayFarewell, ReachesTheOtherPeerOfAReset) {
  server.set_window(2);
  session.start();
  client.send(kNoFrameOfAClient);
  session.settle();
  client.reset();
  session.settle();
  expect_farewell(server, session.drain(server), 1001);
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().reason, "length_top_bit");
}

// FRM-7: shutdown: Close 1001 to both; with their answers it is over.
TEST_P(RelayFarewell, AtShutdown) {
  session.start();
  session.relay().shut_down();
  session.settle();
  expect_farewell(client, client.receive(), 1001);
  expect_farewell(server, server.receive(), 1001);
  session.client_sends(from_client(8, close_body(1001)));
  EXPECT_FALSE(session.done());
  session.server_sends(from_server(8, close_body(1001)));
  EXPECT_TRUE(session.done());
  EXPECT_EQ(client.waiting() + server.waiting(), 0U) << "their answers are for wstap";
  EXPECT_FALSE(session.was_cut);
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_EQ(closed.reason, "shutdown");
  EXPECT_EQ(closed.close_code, 1001);
}

// FRM-7: where the peers were closing already, the answer that is due is all that is waited for.
TEST_P(RelayFarewell, AtShutdownOfAClosingSession) {
  session.start();
  session.client_sends(from_client(8, close_body(1000)));
  session.relay().shut_down();
  session.settle();
  const auto to_server = server.receive();
  EXPECT_EQ(parse_frames(to_server).size(), 1U) << "one Close is enough";
  expect_farewell(server, to_server, 1000);
  expect_farewell(client, client.receive(), 1001);
  EXPECT_FALSE(session.done());
  session.server_sends(from_server(8, close_body(1000)));
  EXPECT_TRUE(session.done());
  EXPECT_EQ(session.closed().close_code, 1000);
}

// FRM-7
TEST_P(RelayFarewell, AtShutdownWhileAWriteWaits) {
  server.set_window(10);
  session.start();
  session.client_sends(from_client(2, Buffer(200'000)));
  session.relay().shut_down();
  session.client_sends(from_client(8, close_body(1001)));
  session.server_sends(from_server(8, close_body(1001)));
  EXPECT_FALSE(session.done()) << "the server has still something to hear";
  const auto to_server = session.drain(server);
  EXPECT_EQ(parse_frames(to_server).size(), 2U);
  expect_farewell(server, to_server, 1001);
  both_end();
  EXPECT_FALSE(session.was_cut);
  EXPECT_EQ(session.closed().reason, "shutdown");
}

// FRM-7: peers that answer before they could hear all of it hear it all the same.
TEST_P(RelayFarewell, AtShutdownOfASlowReader) {
  server.set_window(2);
  session.start();
  session.relay().shut_down();
  session.settle();
  session.client_sends(from_client(8, close_body(1001)));
  session.server_sends(from_server(8, close_body(1001)));
  EXPECT_FALSE(session.done());
  expect_farewell(server, session.drain(server), 1001);
  both_end();
  EXPECT_FALSE(session.was_cut);
  EXPECT_EQ(session.closed().reason, "shutdown");
}

// FRM-7: nothing can be said where the stream ended already.
TEST_P(RelayFarewell, AtShutdownOfAHalfClosedSession) {
  session.start();
  client.finish();
  session.settle();
  session.relay().shut_down();
  session.settle();
  EXPECT_EQ(server.waiting(), 0U);
  expect_farewell(client, client.receive(), 1001);
  EXPECT_EQ(tap.frames.size(), 1U) << "no Close is recorded that did not leave";
  server.finish();
  session.settle();
  EXPECT_EQ(session.closed().reason, "shutdown");
}

// FRM-7: peers that do not go are left.
TEST_P(RelayFarewell, HasItsTime) {
  session.options.farewell_timeout = 1ms;
  session.start();
  session.relay().shut_down();
  session.client_sends(from_client(8, close_body(1001)));  // the server never answers
  ASSERT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_TRUE(session.was_cut);
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_EQ(closed.reason, "shutdown");
}

// The time for an answer to a Close is over when wstap says its own: another time begins.
TEST_P(RelayFarewell, IsNotCutByTheCloseTimer) {
  session.options.close_timeout = 1ms;
  session.start();
  session.client_sends(from_client(8, close_body(1000)));
  session.relay().shut_down();
  // The timer of the Close would end the session now.
  ASSERT_FALSE(worker.io().run_one_for(20ms) != 0 && session.done());
  server.finish();
  client.finish();
  session.settle();
  EXPECT_TRUE(session.closed().notes.empty());
}

TEST_P(RelayFarewell, IsSkippedWhenCut) {
  server.set_window(1);
  session.start();
  session.client_sends(from_client(1, bytes("x")));
  session.relay().cut();
  session.settle();
  EXPECT_TRUE(session.done());
  EXPECT_TRUE(session.was_cut);
  EXPECT_EQ(client.waiting(), 0U);
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, FlowState::complete);
  EXPECT_EQ(closed.reason, "shutdown");
}

TEST_P(RelayFarewell, IsNotSaidAfterTheEnd) {
  session.start();
  both_end();
  ASSERT_TRUE(session.done());
  session.relay().shut_down();
  session.relay().cut();
  session.settle();
  EXPECT_TRUE(tap.frames.empty());
  EXPECT_EQ(session.closed().reason, "");
}

// CAP-3: no traffic passes unrecorded, not even a Close of wstap's own.
TEST_P(RelayFarewell, IsSilentWhenNothingCanBeRecorded) {
  session.start();
  tap.failing = true;
  session.client_sends(from_client(1, bytes("unrecorded")));
  EXPECT_EQ(server.waiting() + client.waiting(), 0U);
  EXPECT_TRUE(server.saw_end() && client.saw_end());
  both_end();
  EXPECT_EQ(session.times_done, 1);
  EXPECT_FALSE(session.end_recorded);
}

INSTANTIATE_TEST_SUITE_P(Over, RelayFarewell, testing::Bool(),
                         [](const auto& row) { return row.param ? "KeepingTransport" : "PlainTransport"; });

}  // namespace
}  // namespace wstap::test

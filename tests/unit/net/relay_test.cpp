// SPDX-License-Identifier: Apache-2.0
// What goes through a relay: every byte, in order, both ways, however slowly its receiver takes it.
#include "tests/unit/net/relay_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Forward;

class RelayPasses : public RelayTest {
 protected:
  /// Frames of all sizes up to `most`, some long enough to fill a slab together.
  static Buffer stream(ws::Direction direction, std::size_t most, unsigned seed, unsigned frames = 40) {
    std::mt19937 engine(seed);
    Buffer all;
    for (unsigned i = 0; i < frames; ++i) {
      const auto payload = random_bytes(engine() % (most + 1), seed + i);
      append(all, direction == kSend ? from_client(2, payload) : from_server(2, payload));
    }
    return all;
  }
  void expect_orderly_end() {
    client.finish();
    server.finish();
    session.settle();
    EXPECT_EQ(session.closed().state, pipeline::FlowState::complete);
    EXPECT_TRUE(session.end_recorded);
    EXPECT_FALSE(session.was_cut);
  }
};

TEST_F(RelayPasses, FramesBothWays) {
  session.start();
  session.client_sends(from_client(1, bytes("ping?")));
  session.server_sends(from_server(1, bytes("pong!")));
  const auto to_server = parse_frames(server.receive());
  ASSERT_EQ(to_server.size(), 1U);
  EXPECT_EQ(text(to_server[0].payload), "ping?");
  EXPECT_TRUE(to_server[0].mask);
  EXPECT_NE(to_server[0].mask, kClientMask);
  EXPECT_EQ(client.receive(), from_server(1, bytes("pong!")));
  ASSERT_EQ(tap.frames.size(), 2U);
  EXPECT_EQ(tap.frames[0].raw, from_client(1, bytes("ping?")));
  expect_orderly_end();
}

// CAP-2: recorded before it is forwarded.
TEST_F(RelayPasses, NothingThatIsNotRecordedYet) {
  session.start();
  std::vector<std::size_t> waiting;
  tap.on_burst = [&](const pipeline::Burst&) { waiting.push_back(client.waiting() + server.waiting()); };
  session.client_sends(from_client(1, bytes("a")));
  session.server_sends(from_server(1, bytes("b")));
  EXPECT_THAT(waiting, testing::ElementsAre(0, server.waiting()));
  EXPECT_NE(server.waiting(), 0U);
  expect_orderly_end();
}

// UPG-3: what was read behind the heads comes first, and is not waited for.
TEST_F(RelayPasses, WhatWasReadBehindTheHeads) {
  const auto whole = from_server(1, bytes("right behind the 101"));
  const auto cut = from_server(1, bytes("in two halves"));
  session.early[1] = concat({whole, Bytes(cut).first(5)});
  session.early[0] = from_client(1, bytes("sent before the 101"));
  session.start();
  EXPECT_EQ(client.receive(), whole);
  EXPECT_EQ(text(parse_frames(server.receive())[0].payload), "sent before the 101");
  session.server_sends(Bytes(cut).subspan(5));
  EXPECT_EQ(client.receive(), cut);
  expect_orderly_end();
}

// UPG-3: and what the transport itself has read and decrypted already.
TEST_F(RelayPasses, WhatTheTransportHasInside) {
  const auto first = from_server(1, bytes("behind the head"));
  const auto second = from_server(1, bytes("in the same record"));
  session.early[1] = first;
  server.send_inside(second);
  session.start();
  EXPECT_EQ(client.receive(), concat({first, second}));
  expect_orderly_end();
}

// UPG-3: also when it is more than one read takes.
TEST_F(RelayPasses, MuchThatWasReadBehindTheHeads) {
  const auto all = stream(kReceive, 60'000, 3);
  ASSERT_GT(all.size(), 2 * net::kSlabBytes);
  session.early[1] = to_buffer(Bytes(all).first(all.size() - 1000));
  server.send(Bytes(all).last(1000));
  session.start();
  EXPECT_EQ(session.drain(client), all);
  expect_orderly_end();
}

struct Pace {
  const char* name;
  std::size_t read, window, most_payload;
  bool keeps = false;
  unsigned frames = 40;
};
class RelayPace : public RelayPasses, public testing::WithParamInterface<std::tuple<Pace, Forward>> {};

// However reads and writes are cut, and however little the receivers take: all bytes, in order, both ways.
TEST_P(RelayPace, ChangesNothing) {
  const auto& [pace, forward] = GetParam();
  const auto up = stream(kSend, pace.most_payload, 1, pace.frames);
  const auto down = stream(kReceive, pace.most_payload, 2, pace.frames);
  session.keeps = pace.keeps;
  session.flow_options.forward = forward;
  client.set_most_read(pace.read);
  server.set_most_read(pace.read);
  client.set_window(pace.window);
  server.set_window(pace.window);
  session.start();
  client.send(up);
  server.send(down);
  Buffer to_server, to_client;
  for (session.settle(); server.waiting() + client.waiting() != 0; session.settle()) {
    append(to_server, server.receive());
    append(to_client, client.receive());
  }
  EXPECT_EQ(to_client, down);
  EXPECT_EQ(parse_frames(to_server), parse_frames(up));
  EXPECT_EQ(to_server == up, forward == Forward::verbatim);
  EXPECT_EQ(tap.received(kSend), up);
  EXPECT_EQ(tap.received(kReceive), down);
  expect_orderly_end();
}

std::string pace_name(const testing::TestParamInfo<RelayPace::ParamType>& row) {
  const auto& [pace, forward] = row.param;
  return std::string(pace.name) + (forward == Forward::verbatim ? "Verbatim" : "");
}
INSTANTIATE_TEST_SUITE_P(
    Paces, RelayPace,
    testing::Combine(testing::Values(Pace{"AllAtOnce", SIZE_MAX, SIZE_MAX, 5'000},    //
                                     Pace{"ReadByteByByte", 1, SIZE_MAX, 40},         //
                                     Pace{"WrittenByteByByte", SIZE_MAX, 1, 100},     //
                                     Pace{"OddSteps", 61, 37, 300},                   //
                                     Pace{"SlowForSlabs", SIZE_MAX, 30'000, 60'000},  //
                                     Pace{"SlowForLargeFrames", SIZE_MAX, 100'000, 700'000, false, 5},
                                     Pace{"LargeFramesInPieces", 50'000, SIZE_MAX, 700'000, false, 5},
                                     Pace{"KeptByTheTransport", SIZE_MAX, 1'000, 30'000, true},
                                     Pace{"KeptByteByByte", SIZE_MAX, 1, 100, true}),
                     testing::Values(Forward::reencode, Forward::verbatim)),
    pace_name);

// A frame longer than any buffer, bare, so that it grows on its way and leaves from the scratch, which others
// of the worker use meanwhile.
TEST_F(RelayPasses, FramesThatGrow) {
  const auto payload = random_bytes(600'000, 5);
  server.set_window(70'000);
  session.start();
  session.client_sends(concat({wire({.opcode = 2, .payload = payload}), from_client(1, bytes("next"))}));

  RelaySession other(worker, clock);
  other.start();
  other.client_sends(wire({.opcode = 2, .payload = Buffer(700'000)}));
  EXPECT_EQ(parse_frames(other.server.receive())[0].payload, Buffer(700'000));

  const auto frames = parse_frames(session.drain(server));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].payload, payload);
  EXPECT_EQ(text(frames[1].payload), "next");
  expect_orderly_end();
}

// Reading stops while something is unsent: a sender is slowed down to its receiver's pace.
TEST_F(RelayPasses, NoMoreThanTheReceiverTakes) {
  server.set_window(1000);
  session.start();
  const auto sent = stream(kSend, 60'000, 6);
  ASSERT_GT(sent.size(), 3 * net::kSlabBytes);
  session.client_sends(sent);
  EXPECT_EQ(server.waiting(), 1000U);
  EXPECT_EQ(client.unread(), sent.size() - net::kSlabBytes) << "one read, and then it waits";
  server.receive(500);
  session.settle();
  EXPECT_EQ(client.unread(), sent.size() - net::kSlabBytes);
  session.drain(server);
  EXPECT_EQ(client.unread(), 0U);
  expect_orderly_end();
}

TEST_F(RelayPasses, TheOtherDirectionWhileOneIsBlocked) {
  server.set_window(10);
  session.start();
  session.client_sends(from_client(2, Buffer(100'000)));
  for (const auto* word : {"one", "two", "three"}) {
    session.server_sends(from_server(1, bytes(word)));
    EXPECT_EQ(client.receive(), from_server(1, bytes(word)));
  }
  session.drain(server);
  expect_orderly_end();
}

// A flow that waits takes the worker's buffer along: others of the worker do not write into it.
TEST_F(RelayPasses, ManyFlowsOfOneWorker) {
  std::vector<std::unique_ptr<RelaySession>> others;
  std::vector<Buffer> sent;
  for (unsigned i = 0; i < 6; ++i) {
    auto& other = *others.emplace_back(std::make_unique<RelaySession>(worker, clock));
    other.client.set_window(1000);
    other.start();
    other.server_sends(sent.emplace_back(stream(kReceive, 20'000, 10 + i)));
    ASSERT_EQ(other.client.waiting(), 1000U);
  }
  session.start();
  session.client_sends(stream(kSend, 60'000, 20));
  session.drain(server);
  for (std::size_t i = 0; i < others.size(); ++i)
    EXPECT_EQ(others[i]->drain(others[i]->client), sent[i]) << i;
}

}  // namespace
}  // namespace wstap::test

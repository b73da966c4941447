// SPDX-License-Identifier: Apache-2.0
// Who holds back whom: windows, send buffers, and that nothing waits for a stream but what belongs to it (RFC
// 9113 5.2).

#include "tests/unit/h2/session_pair.h"

namespace wstap::h2 {
namespace {

using namespace test;

constexpr Limits kSmall{.stream_window = 65'536, .send_bytes = 65'536};

class SessionFlow : public SessionPair {
 protected:
  SessionFlow() : SessionPair(kSmall, kSmall) { start(); }

  /// A stream whose response the server writes as fast as it can.
  StreamId open() {
    const StreamId id = request(get());
    server.session.respond(id, ok(), false);
    run();
    return id;
  }
  /// Sends `data` as there is room, and then ends.
  void send_all(Peer& from, StreamId id, Bytes data) {
    auto rest = std::make_shared<Bytes>(data);
    from.on_writable = [&from, id, rest](StreamId which) {
      if (which != id) return;
      *rest = rest->subspan(from.session.send(id, *rest));
      EXPECT_LE(from.session.unsent(id), kSmall.send_bytes);
      if (rest->empty()) from.session.end(id);
    };
    from.on_writable(id);
  }
};

// H2-2
TEST_F(SessionFlow, H2_2_SixteenMebibytesGoThroughSmallWindowsUnchanged) {
  const Buffer data = random_bytes(16 << 20, 3);
  most_at_once = 100'000;
  const StreamId down = open(), up = request(post(), false);
  send_all(server, down, data);
  run();
  EXPECT_TRUE(client[down].ended);
  EXPECT_TRUE(client[down].data == data);
  send_all(client, up, data);
  run();
  EXPECT_TRUE(server[up].ended);
  EXPECT_TRUE(server[up].data == data);
}

// H2-2
TEST_F(SessionFlow, H2_2_AStreamThatIsNotConsumedStallsOnlyItself) {
  const Buffer data = random_bytes(3 << 20, 4);
  client.on_data = [this](StreamId id, Bytes came) {
    if (id % 4 == 1) client.session.consume(id, came.size());
  };
  std::vector<StreamId> stalled, flowing;
  for (int i = 0; i < 20; ++i) {
    const StreamId id = open();
    (id % 4 == 1 ? flowing : stalled).push_back(id);
    server.session.send(id, Bytes(data).first(65'536));
  }
  run();
  for (int round = 0; round < 40; ++round) {
    for (const auto id : stalled) server.session.send(id, Bytes(data).first(65'536));
    for (const auto id : flowing) EXPECT_EQ(server.session.send(id, Bytes(data).first(65'536)), 65'536U);
    run();
  }
  for (const auto id : stalled) {
    EXPECT_EQ(client[id].data.size(), 65'536U) << "its window";
    EXPECT_EQ(server.session.unsent(id), 65'536U) << "its buffer";
  }
  for (const auto id : flowing) EXPECT_EQ(client[id].data.size(), 41 * 65'536U);
}

// H2-2
TEST_F(SessionFlow, H2_2_WhatIsConsumedMayBeSentAgain) {
  const Buffer data = random_bytes(200'000, 5);
  client.on_data = [](StreamId, Bytes) {};
  const StreamId id = open();
  send_all(server, id, data);
  run();
  EXPECT_EQ(client[id].data.size(), 65'536U);
  client.session.consume(id, 40'000);
  run();
  EXPECT_EQ(client[id].data.size(), 65'536U + 40'000);
  client.session.consume(id, 1 << 30);
  run();
  EXPECT_EQ(client[id].data.size(), 2 * 65'536U + 40'000);
  client.session.consume(id, 1);
  run();
  EXPECT_EQ(client[id].data.size(), 2 * 65'536U + 40'000) << "what was not told yet cannot be consumed";
}

// H2-2
TEST_F(SessionFlow, H2_2_BytesOfStreamsThatAreGivenUpDoNotStallTheOthers) {
  const Buffer data = random_bytes(60'000, 6);
  const StreamId good = open();
  // 24 MB that nobody consumes, three times what a connection may have on its way.
  for (int i = 0; i < 400; ++i) {
    const StreamId id = open();
    server.session.send(id, data);
    const Buffer wire = output_of(server);
    client.session.reset(id, Code::cancel);
    give(client, wire);
    run();
    EXPECT_TRUE(client[id].data.empty());
    EXPECT_TRUE(client[id].closed);
  }
  EXPECT_EQ(server.session.send(good, data), data.size());
  run();
  EXPECT_EQ(client[good].data, data);
}

TEST_F(SessionFlow, SendTakesWhatThereIsRoomForAndSaysWhenThereIsMore) {
  const Buffer data = random_bytes(100'000, 7);
  client.on_data = [](StreamId, Bytes) {};
  const StreamId id = open();
  EXPECT_EQ(server.session.send(id, data), 65'536U);
  EXPECT_EQ(server.session.unsent(id), 65'536U);
  EXPECT_EQ(server.session.send(id, data), 0U);
  EXPECT_EQ(server[id].writable, 0U);

  Buffer out;
  server.session.take_output(out, 1);
  EXPECT_EQ(out.size(), 9U + 16'384) << "whole frames";
  EXPECT_EQ(server[id].writable, 1U);
  EXPECT_EQ(server.session.unsent(id), 65'536U - 16'384);
  server.session.take_output(out, 1);
  EXPECT_EQ(server[id].writable, 1U) << "once is enough";
  EXPECT_EQ(server.session.send(id, Bytes(data).first(10)), 10U);
  give(client, out);
  run();
  EXPECT_EQ(server[id].writable, 1U) << "ten bytes wait for the window";
  EXPECT_EQ(server.session.unsent(id), 10U);
  client.session.consume(id, 65'536);
  run();
  EXPECT_EQ(server[id].writable, 2U) << "all of it has left";
  EXPECT_EQ(server.session.unsent(id), 0U);
}

TEST_F(SessionFlow, BytesLeaveOnlyWhenTheyAreTaken) {
  const StreamId id = open();
  server.session.send(id, bytes("some"));
  client.session.request(get(), true);
  give(server, output_of(client));
  EXPECT_EQ(server.session.unsent(id), 4U) << "an answer was written down, these were not";
  EXPECT_EQ(server[id].writable, 0U);
  run();
  EXPECT_EQ(server.session.unsent(id), 0U);
}

TEST_F(SessionFlow, StreamsThatWereGivenUpMeanwhileAreNotToldOfRoom) {
  const StreamId one = open(), other = open();
  server.on_writable = [&](StreamId id) { server.session.reset(id == one ? other : one, Code::cancel); };
  server.session.send(one, bytes("x"));
  server.session.send(other, bytes("x"));
  run();
  EXPECT_EQ(server[one].writable + server[other].writable, 1U);
}

TEST_F(SessionFlow, TheRestOfAFrameIsNotToldWhenItsStreamWasGivenUp) {
  client.on_data = [this](StreamId id, Bytes) { client.session.reset(id, Code::cancel); };
  const StreamId id = open();
  server.session.send(id, bytes("first and rest"));
  server.session.end(id);
  const Buffer wire = output_of(server);
  ASSERT_TRUE(client.session.receive(Bytes(wire).first(9 + 5), now));
  ASSERT_TRUE(client.session.receive(Bytes(wire).subspan(9 + 5), now));
  EXPECT_EQ(text(client[id].data), "first");
  EXPECT_FALSE(client[id].ended);
}

TEST_F(SessionFlow, NothingIsTakenForStreamsThatAreOverOrUnknown) {
  EXPECT_EQ(server.session.send(99, bytes("x")), 0U);
  EXPECT_EQ(server.session.unsent(99), 0U);
  server.session.end(99);
  server.session.consume(99, 1);
  server.session.reset(99, Code::cancel);
  server.session.respond(99, ok(), true);
  const StreamId id = open();
  server.session.end(id);
  EXPECT_EQ(server.session.send(id, bytes("x")), 0U);
  run();
  EXPECT_TRUE(client[id].data.empty());
  EXPECT_EQ(server.session.send(id, bytes("x")), 0U);
  EXPECT_FALSE(client.error || server.error);
}

TEST_F(SessionFlow, StreamsTakeTurns) {
  const Buffer data = random_bytes(65'536, 8);
  const StreamId one = open(), other = open();
  server.session.send(one, data);
  server.session.send(other, data);
  Buffer out;
  server.session.take_output(out, 60'000);
  give(client, out);
  EXPECT_GT(client[one].data.size(), 0U);
  EXPECT_GT(client[other].data.size(), 0U);
}

TEST_F(SessionFlow, OutputComesInPortions) {
  const Buffer data = random_bytes(60'000, 9);
  const StreamId id = open();
  server.session.send(id, data);
  Buffer out;
  std::size_t portions = 0;
  while (server.session.wants_write()) {
    const std::size_t before = out.size();
    server.session.take_output(out, 20'000);
    EXPECT_LE(out.size() - before, 20'000U + 9 + 16'384);
    ++portions;
  }
  EXPECT_GE(portions, 2U);
  give(client, out);
  EXPECT_EQ(client[id].data, data);
}

}  // namespace
}  // namespace wstap::h2

// SPDX-License-Identifier: Apache-2.0
// Bytes passed on unread: all of them, both ways, with the ends of both streams.
#include "libcore/net/opaque_relay.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/pipe_transport.h"
#include "tests/support/run_coroutine.h"

namespace wstap::test {
namespace {

class OpaqueRelay : public testing::Test {
 protected:
  using Counts = std::array<std::uint64_t, 2>;
  asio::io_context io;
  PipePeer client{io}, upstream{io};
  net::Stream to_client{client.transport(), {}}, to_upstream{upstream.transport(), {}};
  std::optional<Started<Counts>> relay;

  void start() {
    relay.emplace(io, net::relay_opaque(to_client, to_upstream));
    settle(io);
  }
};

TEST_F(OpaqueRelay, PassesBothWaysWhatWasReadAndWhatFollows) {
  to_client.unread = bytes("PRI * ");
  to_upstream.unread = bytes("220 ");
  start();
  EXPECT_EQ(text(upstream.receive()), "PRI * ");
  EXPECT_EQ(text(client.receive()), "220 ");
  client.send("HTTP/2.0");
  upstream.send("ready");
  settle(io);
  EXPECT_EQ(text(upstream.receive()), "HTTP/2.0");
  EXPECT_EQ(text(client.receive()), "ready");
  client.finish();
  upstream.finish();
  settle(io);
  ASSERT_TRUE(relay->done());
  EXPECT_EQ(relay->result(), (Counts{14, 9}));
}

TEST_F(OpaqueRelay, EndsOneDirectionAtATime) {
  start();
  client.send("question");
  client.finish();
  settle(io);
  EXPECT_TRUE(upstream.saw_end());
  EXPECT_FALSE(client.saw_end());
  upstream.send("answer");
  settle(io);
  EXPECT_EQ(text(client.receive()), "answer");
  EXPECT_FALSE(relay->done());
  upstream.finish();
  settle(io);
  EXPECT_TRUE(client.saw_end());
  EXPECT_EQ(relay->result(), (Counts{8, 6}));
}

TEST_F(OpaqueRelay, GoesAtThePaceOfTheReceiver) {
  upstream.set_window(1000);
  start();
  const auto all = random_bytes(300'000, 1);
  client.send(all);
  settle(io);
  EXPECT_GT(client.unread(), 200'000U);
  client.finish();
  settle(io);
  EXPECT_FALSE(upstream.saw_end());
  Buffer got;
  for (; upstream.waiting() != 0; settle(io)) append(got, upstream.receive());
  EXPECT_EQ(got, all);
  EXPECT_TRUE(upstream.saw_end());
}

TEST_F(OpaqueRelay, PassesAResetOn) {
  start();
  client.send("part of something");
  client.reset();
  settle(io);
  EXPECT_TRUE(upstream.saw_reset());
  ASSERT_TRUE(relay->done());
  EXPECT_EQ(relay->result(), (Counts{17, 0}));
}

TEST_F(OpaqueRelay, PassesAResetOnBehindAnEnd) {
  start();
  client.finish();
  settle(io);
  upstream.reset();
  settle(io);
  EXPECT_TRUE(client.saw_reset());
  EXPECT_TRUE(relay->done());
}

TEST_F(OpaqueRelay, EndsWhenAWriteFails) {
  start();
  upstream.set_window(1);
  client.send("blocked");
  settle(io);
  upstream.reset();
  settle(io);
  EXPECT_TRUE(client.saw_reset());
  EXPECT_TRUE(relay->done());
}

TEST_F(OpaqueRelay, EndsWhenCancelled) {
  start();
  to_client.io->cancel();
  settle(io);
  EXPECT_TRUE(relay->done());
  EXPECT_TRUE(upstream.saw_reset());
}

}  // namespace
}  // namespace wstap::test

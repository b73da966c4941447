// SPDX-License-Identifier: Apache-2.0
// One body passed on, neither less nor more, and what is told when a peer goes away meanwhile.
#include "libcore/net/body_pump.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/pipe_transport.h"
#include "tests/support/run_coroutine.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using http1::BodyFraming;
using net::PumpEnd;

constexpr BodyFraming kTen{BodyFraming::Kind::length, 10};
constexpr BodyFraming kChunked{BodyFraming::Kind::chunked, 0};
constexpr BodyFraming kUntilClose{BodyFraming::Kind::until_close, 0};

class BodyPump : public testing::Test {
 protected:
  asio::io_context io;
  PipePeer sender{io}, receiver{io};
  net::Stream from{sender.transport(), {}};
  std::unique_ptr<net::Transport> to = receiver.transport();

  Started<PumpEnd> pump(BodyFraming framing) {
    return {io, net::pump_body(from, *to, http1::BodyReader(framing))};
  }
};

TEST_F(BodyPump, LeavesWhatFollowsTheBody) {
  from.unread = bytes("0123");
  sender.send("456789GET / HTTP/1.1");
  EXPECT_EQ(pump(kTen).result(), PumpEnd::done);
  EXPECT_EQ(text(receiver.receive()), "0123456789");
  EXPECT_EQ(text(from.unread), "GET / HTTP/1.1");
}

TEST_F(BodyPump, PassesChunksAsTheyAreAtEverySplit) {
  const std::string body = "3;x=\"y\"\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    SCOPED_TRACE(cut);
    from.unread.clear();
    auto pumping = pump(kChunked);
    sender.send(body.substr(0, cut));
    settle(io);
    EXPECT_EQ(pumping.done(), cut == body.size());
    sender.send(body.substr(cut) + "next");
    EXPECT_EQ(pumping.result(), PumpEnd::done);
    settle(io);
    EXPECT_EQ(text(receiver.receive()), body);
    // Of what followed in the same read some is unread, the rest still to be read.
    while (sender.unread() != 0) run(io, net::fill(from));
    EXPECT_EQ(text(from.unread), "next");
  }
}

TEST_F(BodyPump, PassesNothingOfNoBody) {
  from.unread = bytes("GET");
  EXPECT_EQ(pump({}).result(), PumpEnd::done);
  EXPECT_EQ(receiver.waiting(), 0U);
  EXPECT_EQ(text(from.unread), "GET");
}

TEST_F(BodyPump, EndsWithTheStream) {
  sender.send("all there is");
  sender.finish();
  EXPECT_EQ(pump(kUntilClose).result(), PumpEnd::done);
  EXPECT_EQ(text(receiver.receive()), "all there is");
}

TEST_F(BodyPump, SaysWhenTheSenderIsGone) {
  sender.send("01234");
  sender.finish();
  EXPECT_EQ(pump(kTen).result(), PumpEnd::sender_gone);
  EXPECT_EQ(text(receiver.receive()), "01234");
}

TEST_F(BodyPump, DoesNotTakeAResetForAnEnd) {
  sender.send("some of it");
  sender.reset();
  EXPECT_EQ(pump(kUntilClose).result(), PumpEnd::sender_gone);
}

TEST_F(BodyPump, SaysWhenItIsNoBody) {
  sender.send("not a chunk size\r\n");
  EXPECT_EQ(pump(kChunked).result(), PumpEnd::sender_gone);
  EXPECT_EQ(receiver.waiting(), 0U);
}

TEST_F(BodyPump, SaysWhenTheReceiverIsGone) {
  sender.send("0123456789");
  receiver.reset();
  EXPECT_EQ(pump(kTen).result(), PumpEnd::receiver_gone);
}

class RequestBody : public BodyPump {
 protected:
  net::RequestBody body;
  void start(BodyFraming framing) { body.start(io.get_executor(), from, *to, framing); }
};

TEST_F(RequestBody, IsCompleteWhenThereIsNone) {
  EXPECT_TRUE(body.complete());
  EXPECT_FALSE(body.running());
  EXPECT_TRUE(run(io, body.finish(1ms)));
}

TEST_F(RequestBody, GoesOnByItself) {
  start(kTen);
  settle(io);
  EXPECT_TRUE(body.running());
  EXPECT_FALSE(body.complete());
  sender.send("0123456789");
  settle(io);
  EXPECT_EQ(text(receiver.receive()), "0123456789");
  EXPECT_FALSE(body.running());
  EXPECT_TRUE(body.complete());
  EXPECT_TRUE(run(io, body.finish(1ms)));
  EXPECT_FALSE(sender.cancelled());
}

TEST_F(RequestBody, IsWaitedFor) {
  start(kTen);
  Started<bool> finishing(io, body.finish(1h));
  settle(io);
  EXPECT_FALSE(finishing.done());
  sender.send("0123456789");
  settle(io);
  EXPECT_TRUE(finishing.result());
}

TEST_F(RequestBody, IsNotWaitedForForEver) {
  start(kTen);
  EXPECT_FALSE(run(io, body.finish(1ms)));
  EXPECT_TRUE(sender.cancelled());
  EXPECT_FALSE(body.complete());
}

// A response nobody will read is not waited for.
TEST_F(RequestBody, TakesTheServerAlongWhenTheClientGoes) {
  start(kTen);
  sender.send("01");
  sender.finish();
  settle(io);
  EXPECT_TRUE(receiver.cancelled());
  EXPECT_FALSE(run(io, body.finish(1ms)));
}

TEST_F(RequestBody, LetsTheServerAnswerWhenItStopsReading) {
  receiver.reset();
  start(kTen);
  sender.send("0123456789");
  settle(io);
  EXPECT_FALSE(body.running());
  EXPECT_FALSE(body.complete());
  EXPECT_FALSE(receiver.cancelled());
}

}  // namespace
}  // namespace wstap::test

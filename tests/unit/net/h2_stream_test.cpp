// SPDX-License-Identifier: Apache-2.0
// Streams of an HTTP/2 connection as transports, with a client's session at the other end of the wire (H2-2).
#include "libcore/net/h2_stream.h"

#include <gtest/gtest.h>

#include "libcore/net/h2_connection.h"
#include "tests/support/bytes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/pipe_transport.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/session_peer.h"

namespace wstap::test {
namespace {

using net::H2Stream;
using net::IoStatus;

const h2::Fields kGet = {{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
const h2::Fields kOk = {{":status", "200"}};

class H2StreamTest : public testing::Test, public net::H2Connection::Owner {
 protected:
  H2StreamTest() {
    connection->start(*this, true);
    client.session.start(false);
    exchange();
  }
  ~H2StreamTest() override {
    streams.clear();
    connection->cancel();
    settle(io());
  }

  asio::io_context& io() { return worker.io(); }
  /// Both ends say what they have to say, until neither has.
  void exchange() { client.exchange(io(), wire); }
  /// A request came, and was answered.
  H2Stream& open() {
    const auto id = client.session.request(kGet, false);
    EXPECT_TRUE(id);
    exchange();
    H2Stream& stream = *streams.back();
    EXPECT_EQ(stream.id(), *id);
    EXPECT_TRUE(run(io(), stream.next_head()));
    stream.respond(kOk, false);
    exchange();
    return stream;
  }
  std::string read(H2Stream& stream, std::size_t most = 1 << 20) {
    Buffer room(most);
    const auto got = stream.try_read(room);
    return got.status == IoStatus::ok ? std::string(as_text(Bytes(room).first(got.bytes))) : std::string();
  }
  Started<bool> wait(asio::awaitable<void> until) { return {io(), waited(std::move(until))}; }
  static asio::awaitable<bool> waited(asio::awaitable<void> until) {
    co_await std::move(until);
    co_return true;
  }

  void opened(std::unique_ptr<H2Stream> stream) override { streams.push_back(std::move(stream)); }
  void settled(const h2::PeerSettings&) override {}
  void over() override { is_over = true; }

  FakeClock clock;
  net::BufferBudget budget{1 << 30};
  net::Worker worker{clock, budget};
  PipePeer wire{worker.io()};
  h2::Limits limits{.stream_window = 100'000, .send_bytes = 50'000};
  SessionPeer client{h2::Role::client, limits};
  std::vector<std::unique_ptr<H2Stream>> streams;
  bool is_over = false;
  std::shared_ptr<net::H2Connection> connection = std::make_shared<net::H2Connection>(
      worker, net::Stream{wire.transport(), {}}, h2::Role::server, limits);
};

// H2-2
TEST_F(H2StreamTest, BytesBothWaysAndTheEndOfEach) {
  H2Stream& stream = open();
  EXPECT_EQ(stream.try_read(MutableBytes()).status, IoStatus::would_block);
  auto readable = wait(stream.readable());
  settle(io());
  EXPECT_FALSE(readable.done());
  client.session.send(stream.id(), as_bytes("question"));
  exchange();
  EXPECT_TRUE(readable.done());
  EXPECT_EQ(read(stream, 5), "quest");
  EXPECT_TRUE(run(io(), waited(stream.readable())));  // there is more
  EXPECT_EQ(read(stream), "ion");
  EXPECT_EQ(stream.try_write(as_bytes("answer")).bytes, 6U);
  stream.end({{"x-sum", "1"}});
  client.session.end(stream.id(), {{"x-last", "2"}});
  exchange();
  EXPECT_EQ(client.received[stream.id()], "answer");
  EXPECT_EQ(client.trailers, (h2::Fields{{"x-sum", "1"}}));
  Buffer room(10);
  EXPECT_EQ(stream.try_read(room).status, IoStatus::eof);
  EXPECT_EQ(stream.take_trailers(), (h2::Fields{{"x-last", "2"}}));
  streams.clear();
  exchange();
  EXPECT_TRUE(client.resets.empty());
}

// H2-2: what nobody reads shuts the peer's window, and counts against the budget (LIM-4)
TEST_F(H2StreamTest, WhatIsNotReadStallsThisStreamAlone) {
  H2Stream& slow = open();
  H2Stream& quick = open();
  const std::string much(300'000, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) {
    sent += client.session.send(slow.id(), as_bytes(much));
    exchange();
  }
  EXPECT_LE(sent, limits.stream_window + limits.send_bytes);
  EXPECT_EQ(budget.total(), limits.stream_window);
  client.session.send(quick.id(), as_bytes("still"));
  exchange();
  EXPECT_EQ(read(quick), "still");
  EXPECT_EQ(read(slow).size(), limits.stream_window);
  EXPECT_EQ(budget.total(), 0U);
  exchange();
  EXPECT_FALSE(read(slow).empty());
}

// H2-2
TEST_F(H2StreamTest, WhatThePeerDoesNotTakeIsBounded) {
  H2Stream& stream = open();
  client.consumes = false;
  const std::string much(1'000'000, 'y');
  std::size_t taken = 0;
  for (int i = 0; i < 20; ++i) {
    taken += stream.try_write(as_bytes(much)).bytes;
    exchange();
  }
  EXPECT_EQ(taken, limits.stream_window + limits.send_bytes);
  EXPECT_EQ(stream.try_write(as_bytes(much)).status, IoStatus::would_block);
  auto writable = wait(stream.writable());
  settle(io());
  EXPECT_FALSE(writable.done());
  client.session.consume(stream.id(), limits.stream_window);
  exchange();
  EXPECT_TRUE(writable.done());
  EXPECT_EQ(stream.try_write(as_bytes(much)).status, IoStatus::ok);
}

// H2-2: a stream that is left says what it has to say before it is reset
TEST_F(H2StreamTest, WhatWasTakenLeavesAlsoWhenItsOwnerIsGone) {
  H2Stream& stream = open();
  const auto id = stream.id();
  client.consumes = false;
  std::size_t taken = 0;
  for (int i = 0; i < 9; ++i) {
    taken += stream.try_write(as_bytes(std::string(100'000, 'z'))).bytes;
    exchange();
  }
  stream.end({});
  streams.clear();
  exchange();
  EXPECT_TRUE(client.resets.empty());
  client.consumes = true;
  client.session.consume(id, client.received[id].size());
  exchange();
  EXPECT_EQ(client.received[id].size(), taken);
  EXPECT_TRUE(client.ended_streams.contains(id));
  EXPECT_EQ(client.resets[id], 0U);  // NO_ERROR: nobody reads what the peer might still say
}

TEST_F(H2StreamTest, WhoLeavesInTheMiddleCancels) {
  const auto id = open().id();
  streams.clear();
  exchange();
  EXPECT_EQ(client.resets[id], static_cast<std::uint32_t>(h2::Code::cancel));
}

// H2-2, FRM-8
TEST_F(H2StreamTest, AResetIsTold) {
  H2Stream& stream = open();
  int told = 0;
  stream.watch_reset([&] { ++told; });
  auto readable = wait(stream.readable());
  client.session.send(stream.id(), as_bytes("lost"));
  client.session.reset(stream.id(), h2::Code::internal_error);
  exchange();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(readable.done());
  Buffer room(10);
  EXPECT_EQ(stream.try_read(room).status, IoStatus::failed);
  EXPECT_EQ(stream.try_write(as_bytes("x")).status, IoStatus::failed);
  EXPECT_EQ(stream.error().detail, "reset with INTERNAL_ERROR");
  stream.watch_reset([&] { ++told; });  // later than it
  settle(io());
  EXPECT_EQ(told, 2);
}

TEST_F(H2StreamTest, AWatchThatIsOverIsNotCalled) {
  H2Stream& first = open();
  H2Stream& second = open();
  int told = 0;
  first.watch_reset([&] { ++told; });
  second.watch_readable([&] { ++told; });
  client.session.reset(first.id(), h2::Code::cancel);
  client.session.send(second.id(), as_bytes("x"));
  Buffer out;
  client.session.take_output(out, 1 << 20);
  wire.send(out);
  while (first.reset_code() == std::nullopt) io().run_one();
  first.unwatch_reset();
  streams.pop_back();  // the second
  settle(io());
  EXPECT_EQ(told, 0);
}

// A reset with NO_ERROR behind the end of what was said: it is complete, and nothing more is wanted.
TEST_F(H2StreamTest, AResetBehindTheEndTakesNothingBack) {
  H2Stream& stream = open();
  client.session.send(stream.id(), as_bytes("all"));
  client.session.end(stream.id());
  exchange();
  client.session.reset(stream.id(), h2::Code::no_error);
  exchange();
  EXPECT_EQ(read(stream), "all");
  Buffer room(10);
  EXPECT_EQ(stream.try_read(room).status, IoStatus::eof);
  // As with a socket that the peer has closed: what is written next goes nowhere, and then it is known.
  int told = 0;
  stream.watch_reset([&] { ++told; });
  settle(io());
  EXPECT_EQ(told, 0);
  EXPECT_EQ(stream.try_write(as_bytes("x")).status, IoStatus::ok);
  settle(io());
  EXPECT_EQ(told, 1);
  EXPECT_EQ(stream.try_write(as_bytes("x")).status, IoStatus::failed);
}

// What came before a reset, or before the end of the connection, comes first.
TEST_F(H2StreamTest, WhatCameBeforeAResetIsReadFirst) {
  for (const bool all : {false, true}) {
    H2Stream& stream = open();
    int told = 0;
    stream.watch_reset([&] { ++told; });
    client.session.send(stream.id(), as_bytes("last words"));
    exchange();
    if (all) {
      wire.finish();
    } else {
      client.session.reset(stream.id(), h2::Code::cancel);
      exchange();
    }
    settle(io());
    EXPECT_EQ(told, 0);
    EXPECT_EQ(stream.try_write(as_bytes("x")).status, IoStatus::failed);
    EXPECT_EQ(read(stream, 4), "last");
    EXPECT_EQ(read(stream), " words");
    settle(io());
    EXPECT_EQ(told, 1);
    Buffer room(10);
    EXPECT_EQ(stream.try_read(room).status, IoStatus::failed);
  }
}

TEST_F(H2StreamTest, AConnectionThatEndsBehindTheLastWordIsNoReset) {
  H2Stream& stream = open();
  client.session.send(stream.id(), as_bytes("last words"));
  client.session.end(stream.id());
  exchange();
  wire.finish();
  settle(io());
  EXPECT_EQ(read(stream), "last words");
  Buffer room(10);
  EXPECT_EQ(stream.try_read(room).status, IoStatus::eof);
  int told = 0;
  stream.watch_reset([&] { ++told; });
  settle(io());
  EXPECT_EQ(told, 0);
  stream.watch_loss([&] { ++told; });
  settle(io());
  EXPECT_EQ(told, 1);
}

// What was to be sent leaves before a stream is given up in good order.
TEST_F(H2StreamTest, IsResetBehindWhatWasToBeSent) {
  const auto id = client.session.request(kGet, false);
  exchange();
  streams.back()->respond(kOk, false);
  EXPECT_EQ(streams.back()->try_write(as_bytes("half")).bytes, 4U);
  streams.back()->leave_with(h2::Code::internal_error);
  streams.clear();
  exchange();
  EXPECT_EQ(client.heads[*id], kOk);
  EXPECT_EQ(client.received[*id], "half");
  EXPECT_EQ(client.resets[*id], static_cast<std::uint32_t>(h2::Code::internal_error));
}

TEST_F(H2StreamTest, TheEndOfTheConnectionEndsAll) {
  H2Stream& first = open();
  H2Stream& second = open();
  int told = 0;
  for (H2Stream* stream : {&first, &second}) stream->watch_reset([&] { ++told; });
  wire.finish();
  settle(io());
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(is_over);
  Buffer room(10);
  EXPECT_EQ(first.try_read(room).status, IoStatus::failed);
  EXPECT_FALSE(connection->takes_requests());
}

TEST_F(H2StreamTest, CancelEndsEveryWait) {
  H2Stream& stream = open();
  auto readable = wait(stream.readable());
  settle(io());
  stream.cancel();
  settle(io());
  EXPECT_TRUE(readable.done());
  EXPECT_TRUE(run(io(), waited(stream.writable())));
  EXPECT_FALSE(run(io(), stream.next_head()));
}

// H2-2: GOAWAY, and the last stream's end is the connection's
TEST_F(H2StreamTest, DrainingWaitsForTheLastStream) {
  H2Stream& stream = open();
  connection->drain();
  exchange();
  EXPECT_EQ(client.goaways, 1);
  EXPECT_FALSE(is_over);
  EXPECT_EQ(stream.try_write(as_bytes("last")).status, IoStatus::ok);
  stream.end({});
  client.session.end(stream.id());
  exchange();
  streams.clear();
  exchange();
  EXPECT_EQ(client.received[1], "last");
  EXPECT_TRUE(wire.saw_end());
  wire.finish();
  settle(io());
  EXPECT_TRUE(is_over);
}

}  // namespace
}  // namespace wstap::test

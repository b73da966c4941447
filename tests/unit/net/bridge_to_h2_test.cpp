// SPDX-License-Identifier: Apache-2.0
// A connection of HTTP/2 that looks like one of HTTP/1, with a server's session at the other end (H2-3).
#include "libcore/net/bridge_to_h2.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/session_peer.h"

namespace wstap::test {
namespace {

using net::IoStatus;

const std::string kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

class BridgeToH2Test : public testing::Test {
 protected:
  BridgeToH2Test() { start(true); }
  ~BridgeToH2Test() override {
    bridge->connection().cancel();
    bridge.reset();
    settle(io());
  }

  void start(bool connect_protocol) {
    if (bridge) bridge->connection().cancel();
    wire.emplace(io());
    server.emplace(h2::Role::server, limits);
    bridge = std::make_unique<net::BridgeToH2>(worker, net::Stream{wire->transport(), {}}, "https",
                                               net::HeadRules(net::ProxyOptions()));
    server->session.start(connect_protocol);
    exchange();
    stream = -1;
  }
  asio::io_context& io() { return worker.io(); }
  void exchange() { server->exchange(io(), *wire); }
  /// Writes a request. The server has it when this returns.
  void request(std::string_view text) {
    EXPECT_TRUE(run(io(), net::write_all(*bridge, as_bytes(text))));
    exchange();
    stream += 2;
  }
  void respond(const h2::Fields& head, bool end) { server->session.respond(stream, head, end); }
  /// All that is to be read now. @param last  how it ended.
  std::string read(IoStatus* last = nullptr, std::size_t room_bytes = 50) {
    exchange();
    std::string all;
    Buffer room(room_bytes);
    for (;;) {
      const auto got = bridge->try_read(room);
      all += as_text(Bytes(room).first(got.bytes));
      if (last != nullptr) *last = got.status;
      if (got.status != IoStatus::ok) return all;
    }
  }

  FakeClock clock;
  net::BufferBudget budget{1 << 30};
  net::Worker worker{clock, budget};
  h2::Limits limits;
  std::optional<PipePeer> wire;
  std::optional<SessionPeer> server;
  std::unique_ptr<net::BridgeToH2> bridge;
  h2::StreamId stream = -1;
};

TEST_F(BridgeToH2Test, RequestsOneAfterTheOther) {
  request("GET /one HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");
  EXPECT_EQ(
      server->heads[1],
      (h2::Fields{
          {":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/one"}, {"x", "y"}}));
  EXPECT_TRUE(server->ended_streams.contains(1));
  IoStatus status{};
  EXPECT_EQ(read(&status), "");
  EXPECT_EQ(status, IoStatus::would_block);
  respond({{":status", "200"}, {"content-length", "5"}}, false);
  server->session.send(stream, as_bytes("hello"));
  server->session.end(stream);
  EXPECT_EQ(read(), "HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\nhello");
  EXPECT_EQ(text(bridge->response_head()), ":status: 200\r\ncontent-length: 5\r\n\r\n");
  request("HEAD /two HTTP/1.1\r\nHost: a\r\n\r\n");
  respond({{":status", "200"}, {"content-length", "7"}}, true);
  EXPECT_EQ(read(&status), "HTTP/1.1 200 \r\ncontent-length: 7\r\n\r\n");
  EXPECT_EQ(status, IoStatus::would_block);
}

TEST_F(BridgeToH2Test, BodiesOfUnknownLengthAreReadInChunks) {
  for (const std::size_t room : {1U, 50U, 100'000U}) {
    start(true);
    request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    respond({{":status", "200"}}, false);
    server->session.send(stream, as_bytes("some"));
    EXPECT_EQ(read(nullptr, std::max<std::size_t>(room, 4)),
              "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n");
    server->session.end(stream, {{"x-sum", "1"}});
    IoStatus status{};
    EXPECT_EQ(read(&status, room), "0\r\nx-sum: 1\r\n\r\n");
    EXPECT_EQ(status, IoStatus::would_block);
  }
}

TEST_F(BridgeToH2Test, WhoTakesNoChunksReadsToTheEnd) {
  request("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  server->session.respond_interim(stream, {{":status", "103"}});
  respond({{":status", "200"}}, false);
  server->session.send(stream, as_bytes("some"));
  server->session.end(stream);
  IoStatus status{};
  EXPECT_EQ(read(&status), "HTTP/1.1 200 \r\nConnection: close\r\n\r\nsome");
  EXPECT_EQ(status, IoStatus::eof);
}

TEST_F(BridgeToH2Test, ResponsesWithoutABodySaySo) {
  request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  respond({{":status", "200"}}, true);
  EXPECT_EQ(read(), "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
  request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server->session.respond_interim(stream, {{":status", "103"}, {"link", "x"}});
  respond({{":status", "204"}}, true);
  EXPECT_EQ(read(), "HTTP/1.1 103 \r\nlink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n");
}

TEST_F(BridgeToH2Test, ChunkedRequestsAtEverySplit) {
  const std::string body = "4\r\nsome\r\n6;x=y\r\n more \r\n0\r\nX-Sum: 1\r\n\r\n";
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    SCOPED_TRACE(cut);
    request(head);
    EXPECT_TRUE(run(io(), net::write_all(*bridge, as_bytes(body.substr(0, cut)))));
    EXPECT_TRUE(run(io(), net::write_all(*bridge, as_bytes(body.substr(cut)))));
    exchange();
    EXPECT_EQ(server->received[stream], "some more ");
    EXPECT_TRUE(server->ended_streams.contains(stream));
    EXPECT_EQ(server->trailers, (h2::Fields{{"x-sum", "1"}}));
    respond({{":status", "204"}}, true);
    read();
  }
}

// The window of the stream is shut in the middle of chunks: what was taken is not taken again.
TEST_F(BridgeToH2Test, ASlowServerGetsEveryByteOnce) {
  server->consumes = false;
  request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string body, content;
  for (int i = 0; i < 1000; ++i) {
    content += std::string(1000, static_cast<char>('a' + i % 26));
    body += "3e8\r\n" + content.substr(content.size() - 1000) + "\r\n";
  }
  body += "0\r\n\r\n";
  auto writing = Started<bool>(io(), net::write_all(*bridge, as_bytes(body)));
  std::size_t consumed = 0;
  exchange();
  EXPECT_FALSE(writing.done());
  while (!writing.done()) {
    exchange();
    const auto come = server->received[stream].size();
    if (come == consumed) break;
    server->session.consume(stream, come - consumed);
    consumed = come;
  }
  EXPECT_TRUE(writing.result());
  for (int turns = 0; turns < 100 && !server->ended_streams.contains(stream); ++turns) {
    server->session.consume(stream, server->received[stream].size() - consumed);
    consumed = server->received[stream].size();
    exchange();
  }
  EXPECT_TRUE(server->received[stream] == content);
}

TEST_F(BridgeToH2Test, AWebSocketIsProven) {
  request(kUpgrade);
  EXPECT_EQ(server->heads[1], (h2::Fields{{":method", "CONNECT"},
                                          {":protocol", "websocket"},
                                          {":scheme", "https"},
                                          {":authority", "a"},
                                          {":path", "/chat"},
                                          {"sec-websocket-version", "13"}}));
  EXPECT_FALSE(server->ended_streams.contains(1));
  respond({{":status", "200"}, {"sec-websocket-protocol", "p"}}, false);
  server->session.send(stream, as_bytes("ahead"));
  EXPECT_EQ(read(),
            "HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\nsec-websocket-protocol: p\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nahead");
  EXPECT_TRUE(run(io(), net::write_all(*bridge, as_bytes("raw"))));
  exchange();
  EXPECT_EQ(server->received[1], "raw");
  bridge->shutdown_send();
  server->session.end(stream);
  IoStatus status{};
  EXPECT_EQ(read(&status), "");
  EXPECT_EQ(status, IoStatus::eof);
  EXPECT_TRUE(server->ended_streams.contains(1));
}

TEST_F(BridgeToH2Test, ARefusalIsOne) {
  request(kUpgrade);
  respond({{":status", "403"}}, false);
  server->session.send(stream, as_bytes("no"));
  server->session.end(stream);
  EXPECT_EQ(read(), "HTTP/1.1 403 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n");
  exchange();
  EXPECT_TRUE(server->ended_streams.contains(1));  // of this side as well
  // One that ends at once is no WebSocket either.
  request(kUpgrade);
  respond({{":status", "200"}}, true);
  EXPECT_EQ(read(), "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST_F(BridgeToH2Test, WhatItCannotAskIsAnsweredHere) {
  start(false);
  EXPECT_TRUE(run(io(), net::write_all(*bridge, as_bytes(kUpgrade))));
  const std::string said = read();
  EXPECT_TRUE(said.starts_with("HTTP/1.1 502 "));
  EXPECT_NE(said.find("SETTINGS_ENABLE_CONNECT_PROTOCOL"), std::string::npos);
  EXPECT_TRUE(server->heads.empty());
}

// RFC 6455 4.2.1: an extended CONNECT would say nothing of it.
TEST_F(BridgeToH2Test, AnUpgradeThatIsWrongStaysSo) {
  struct Case {
    std::string_view from, to, why;
  };
  for (const auto& [from, to, why] :
       {Case{"GET", "POST", "another method"}, Case{"dGhlIHNhbXBsZSBub25jZQ==", "AAAA", "16 bytes"},
        Case{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", "16 bytes"},
        Case{"\r\n\r\n", "\r\nContent-Length: 1\r\n\r\n", "a body"}}) {
    start(true);
    auto wrong = kUpgrade;
    wrong.replace(wrong.find(from), from.size(), to);
    EXPECT_TRUE(run(io(), net::write_all(*bridge, as_bytes(wrong))));
    const std::string said = read();
    EXPECT_TRUE(said.starts_with("HTTP/1.1 400 ")) << said;
    EXPECT_NE(said.find(why), std::string::npos) << said;
    EXPECT_TRUE(server->heads.empty());
  }
}

TEST_F(BridgeToH2Test, AResetIsNoEnd) {
  for (const bool answered : {false, true}) {
    start(true);
    request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (answered) respond({{":status", "200"}}, false);
    exchange();
    server->session.reset(stream, h2::Code::internal_error);
    IoStatus status{};
    read(&status);
    EXPECT_EQ(status, IoStatus::failed);
    EXPECT_NE(bridge->error().text().find("INTERNAL_ERROR"), std::string::npos);
  }
}

TEST_F(BridgeToH2Test, ItsEndIsSeenBetweenRequests) {
  bool seen = false;
  bridge->watch_readable([&] { seen = true; });
  exchange();
  EXPECT_FALSE(seen);
  wire->finish();
  settle(io());
  EXPECT_TRUE(seen);
  IoStatus status{};
  Buffer room(10);
  status = bridge->try_read(room).status;
  EXPECT_EQ(status, IoStatus::eof);
}

TEST_F(BridgeToH2Test, CancelWakesWhoeverWaits) {
  const auto waited = [](asio::awaitable<void> until) -> asio::awaitable<bool> {
    co_await std::move(until);
    co_return true;
  };
  auto between = Started<bool>(io(), waited(bridge->readable()));
  settle(io());
  EXPECT_FALSE(between.done());
  request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  bridge->cancel();
  settle(io());
  EXPECT_TRUE(between.done());
  Buffer room(10);
  EXPECT_EQ(bridge->try_read(room).status, IoStatus::failed);
  EXPECT_FALSE(run(io(), net::write_all(*bridge, as_bytes("x"))));
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// A request of HTTP/2 over a connection of HTTP/1, whose other end is the test's (H2-3).
#include "libcore/net/bridge_to_http1.h"

#include <gtest/gtest.h>

#include "libcore/ws/handshake.h"
#include "tests/support/bytes.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/pipe_transport.h"
#include "tests/support/run_coroutine.h"

namespace wstap::test {
namespace {

using net::HttpStream;
using net::IoStatus;

h2::Fields get(std::string method = "GET") {
  return {{":method", std::move(method)}, {":scheme", "https"}, {":path", "/"}, {":authority", "a"}};
}
const h2::Fields kSocket = {{":method", "CONNECT"}, {":protocol", "websocket"},
                            {":scheme", "https"},   {":path", "/chat"},
                            {":authority", "a"},    {"sec-websocket-version", "13"}};

std::string key_in(const std::string& request) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const auto at = request.find(name);
  return at == std::string::npos ? std::string() : request.substr(at + name.size(), 24);
}

class BridgeToHttp1Test : public testing::Test {
 protected:
  BridgeToHttp1Test() { connect(false); }

  void connect(bool kept, bool keeps_writes = false) {
    server.emplace(io);
    bridge = std::make_unique<net::BridgeToHttp1>(
        net::Stream{server->transport(keeps_writes), {}}, net::HeadRules(net::ProxyOptions()), entropy, kept,
        [this](net::Stream stream) { given_back = std::move(stream); });
  }
  std::string request(const h2::Fields& head, bool last) {
    EXPECT_TRUE(run(io, bridge->request(head, last)));
    return text(server->receive());
  }
  std::string write(std::string_view content) {
    EXPECT_TRUE(run(io, net::write_all(*bridge, as_bytes(content))));
    return text(server->receive());
  }
  std::string finish(h2::Fields trailers = {}) {
    EXPECT_TRUE(run(io, bridge->finish(std::move(trailers))));
    return text(server->receive());
  }
  std::optional<HttpStream::Head> answer(std::string_view bytes) {
    server->send(bytes);
    return run(io, bridge->next_head());
  }
  /// Reads to the end of the body, or until nothing more is there. @return the last status.
  IoStatus read(std::string& body, std::size_t room_bytes = 100) {
    Buffer room(room_bytes);
    for (;;) {
      const auto got = bridge->try_read(room);
      body += as_text(Bytes(room).first(got.bytes));
      if (got.status != IoStatus::ok) return got.status;
    }
  }

  asio::io_context io;
  FixedEntropy entropy;
  std::optional<PipePeer> server;
  net::Stream given_back;
  std::unique_ptr<net::BridgeToHttp1> bridge;
};

TEST_F(BridgeToHttp1Test, ARequestWithoutABody) {
  EXPECT_EQ(request(get(), true), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head =
      answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nX: y\r\n\r\nhello");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->fields, (h2::Fields{{":status", "200"}, {"content-length", "5"}, {"x", "y"}}));
  EXPECT_FALSE(head->last);
  EXPECT_TRUE(text(head->verbatim).starts_with("HTTP/1.1 200 OK\r\n"));
  std::string body;
  EXPECT_EQ(read(body), IoStatus::eof);
  EXPECT_EQ(body, "hello");
  bridge.reset();
  EXPECT_TRUE(given_back);
}

TEST_F(BridgeToHttp1Test, ThatThereIsNoBodyIsSaidWhereOneIsExpected) {
  EXPECT_EQ(request(get("POST"), true), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(BridgeToHttp1Test, BodiesOfUnknownLengthGoInChunks) {
  EXPECT_EQ(request(get("POST"), false), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(write("some"), "4\r\nsome\r\n");
  EXPECT_EQ(write("0123456789abcdef"), "10\r\n0123456789abcdef\r\n");
  EXPECT_EQ(finish({{"x-sum", "1"}}), "0\r\nx-sum: 1\r\n\r\n");
}

TEST_F(BridgeToHttp1Test, BodiesOfKnownLengthGoAsTheyAre) {
  auto head = get("POST");
  head.push_back({"content-length", "4"});
  EXPECT_EQ(request(head, false), "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 4\r\n\r\n");
  EXPECT_EQ(write("some"), "some");
  EXPECT_EQ(finish(), "");
}

// A receiver that is slow gets every byte once, through TLS and without.
TEST_F(BridgeToHttp1Test, ChunksSurviveASlowReceiver) {
  for (const bool keeps : {false, true}) {
    connect(false, keeps);
    request(get("POST"), false);
    server->set_window(7);
    const std::string content(100, 'x');
    std::string sent;
    auto writing = Started<bool>(io, net::write_all(*bridge, as_bytes(content)));
    while (!writing.done()) {
      settle(io);
      sent += text(server->receive());
    }
    auto ending = Started<bool>(io, bridge->finish({}));
    while (!ending.done()) {
      settle(io);
      sent += text(server->receive());
    }
    settle(io);
    sent += text(server->receive());
    EXPECT_EQ(sent, "64\r\n" + content + "\r\n0\r\n\r\n") << keeps;
  }
}

TEST_F(BridgeToHttp1Test, ChunkedResponsesAtEverySplitAndIntoAnyRoom) {
  const std::string all =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\nX-Sum: "
      "1\r\n\r\n";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    for (const std::size_t room : {1U, 3U, 100U}) {
      SCOPED_TRACE(testing::Message() << "cut " << cut << ", room " << room);
      connect(false);
      request(get(), true);
      auto heading = Started<std::optional<HttpStream::Head>>(io, bridge->next_head());
      server->send(all.substr(0, cut));
      settle(io);
      std::string body;
      if (heading.done()) {
        const IoStatus status = read(body, room);
        EXPECT_EQ(status, cut == all.size() ? IoStatus::eof : IoStatus::would_block);
      }
      server->send(all.substr(cut));
      const auto& head = heading.result();
      ASSERT_TRUE(head);
      EXPECT_EQ(head->fields, (h2::Fields{{":status", "200"}}));
      EXPECT_EQ(read(body, room), IoStatus::eof);
      EXPECT_EQ(body, "hello world");
      EXPECT_EQ(bridge->take_trailers(), (h2::Fields{{"x-sum", "1"}}));
      bridge.reset();
      EXPECT_TRUE(given_back);
      given_back = {};
    }
  }
}

// What is inside already makes nothing readable: it has to be read before anybody waits.
TEST_F(BridgeToHttp1Test, NothingIsLeftInsideWhenOneWaits) {
  request(get(), true);
  server->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1");
  ASSERT_TRUE(run(io, bridge->next_head()));
  server->send_inside(as_bytes("0\r\n0123456789abcdef\r\n0\r\n\r\n"));
  std::string body;
  EXPECT_EQ(read(body), IoStatus::eof);
  EXPECT_EQ(body, "0123456789abcdef");
}

TEST_F(BridgeToHttp1Test, InterimResponsesComeFirst) {
  request(get(), true);
  const auto interim = answer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->section, h2::Section::interim);
  EXPECT_EQ(interim->fields, (h2::Fields{{":status", "103"}, {"link", "x"}}));
  const auto head = run(io, bridge->next_head());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->section, h2::Section::head);
  EXPECT_TRUE(head->last);
}

TEST_F(BridgeToHttp1Test, AWebSocketIsOpenedByAKeyOfItsOwn) {
  const std::string asked = request(kSocket, false);
  const std::string key = key_in(asked);
  EXPECT_EQ(asked,
            "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "sec-websocket-version: 13\r\nSec-WebSocket-Key: " +
                key + "\r\n\r\n");
  const auto head = answer(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: " +
      ws::accept_for(key) + "\r\nSec-WebSocket-Protocol: p\r\n\r\nahead");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->fields, (h2::Fields{{":status", "200"}, {"sec-websocket-protocol", "p"}}));
  EXPECT_FALSE(head->last);
  // What is inside below comes in the same read, as nobody would be told of it.
  server->send_inside(as_bytes(" and more"));
  Buffer room(100);
  const auto got = bridge->try_read(room);
  EXPECT_EQ(as_text(Bytes(room).first(got.bytes)), "ahead and more");
  EXPECT_EQ(write("raw"), "raw");
  bridge->shutdown_send();
  EXPECT_TRUE(server->saw_end());
  server->finish();
  EXPECT_EQ(bridge->try_read(room).status, IoStatus::eof);
  bridge.reset();
  EXPECT_FALSE(given_back);
}

TEST_F(BridgeToHttp1Test, WhatIsNoProperAnswerIsAnError) {
  struct Case {
    h2::Fields head;
    std::string answer, why;
  };
  const std::string switched = "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (const auto& [head, said, why] : std::initializer_list<Case>{
           {kSocket, switched + "\r\n", "does not answer the key"},
           {kSocket, switched + "Sec-WebSocket-Accept: AAAA\r\n\r\n", "does not answer the key"},
           {kSocket, "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "without being asked"},
           {kSocket, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n", "did not switch protocols: 200 Fine"},
           {get(), switched + "\r\n", "without being asked"},
           {get(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"},
           {get(), "SSH-2.0-x\r\n\r\n", "status line"}}) {
    SCOPED_TRACE(why);
    connect(false);
    request(head, head == get());
    EXPECT_FALSE(answer(said));
    EXPECT_NE(bridge->error().text().find(why), std::string::npos) << bridge->error().text();
    EXPECT_FALSE(bridge->stale());
    bridge.reset();
    EXPECT_FALSE(given_back);
  }
}

// An upgrade has no body: what its client says behind it would be read as another request.
TEST_F(BridgeToHttp1Test, WhatFollowsARefusedUpgradeGoesNowhere) {
  request(kSocket, false);
  const auto head = answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(write("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  EXPECT_EQ(finish(), "");
}

TEST_F(BridgeToHttp1Test, ABodyThatIsCutOffIsNoWholeOne) {
  for (const std::string_view said :
       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nno size\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nno trailer\r\n\r\n"}) {
    SCOPED_TRACE(said);
    connect(false);
    request(get(), true);
    ASSERT_TRUE(answer(said));
    server->finish();
    std::string body;
    EXPECT_EQ(read(body), IoStatus::failed);
    EXPECT_TRUE(std::string_view("half").starts_with(body)) << body;
  }
}

TEST_F(BridgeToHttp1Test, ABodyMayEndWithItsConnection) {
  request(get(), true);
  ASSERT_TRUE(answer("HTTP/1.0 200 OK\r\n\r\nall"));
  server->finish();
  std::string body;
  EXPECT_EQ(read(body), IoStatus::eof);
  EXPECT_EQ(body, "all");
  bridge.reset();
  EXPECT_FALSE(given_back);
}

TEST_F(BridgeToHttp1Test, GivesBackWhatMayCarryAnotherRequest) {
  struct Case {
    std::string_view answer;
    bool finished, back;
  };
  for (const auto& [said, finished, back] :
       {Case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, true},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, false},  // the request goes on
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", true, false},
        Case{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true, false},
        Case{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", true, false},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 Unasked\r\n\r\n", true, false}}) {
    SCOPED_TRACE(said);
    connect(false);
    request(get("POST"), false);
    if (finished) finish();
    ASSERT_TRUE(answer(said));
    bool called = false;
    bridge->watch_reset([&] { called = true; });
    bridge.reset();
    EXPECT_EQ(bool(given_back), back);
    // Whoever watched it is gone.
    if (given_back) server->reset();
    settle(io);
    EXPECT_FALSE(called);
    given_back = {};
  }
}

TEST_F(BridgeToHttp1Test, AKeptConnectionThatEndsWithoutAWordIsStale) {
  for (const bool kept : {false, true}) {
    for (const bool reset : {false, true}) {
      connect(kept);
      request(get(), true);
      if (reset) {
        server->reset();
      } else {
        server->finish();
      }
      EXPECT_FALSE(run(io, bridge->next_head()));
      EXPECT_EQ(bridge->stale(), kept);
    }
  }
  connect(true);
  request(get(), true);
  server->send("HTTP/1.1 2");
  server->finish();
  EXPECT_FALSE(run(io, bridge->next_head()));
  EXPECT_FALSE(bridge->stale());
}

// What HTTP/2 allows, and HTTP/1 would read as something else.
TEST_F(BridgeToHttp1Test, SaysNothingThatCouldBeReadAsSomethingElse) {
  for (const h2::Fields& head :
       {h2::Fields{{":method", "GET"}, {":path", "/ HTTP/1.1\r\nX: y"}, {":authority", "a"}},
        h2::Fields{{":method", "GET"}, {":path", "/a b"}, {":authority", "a"}},
        h2::Fields{{":method", "GET"}, {":path", "/"}, {":authority", "a,b"}},
        h2::Fields{{":method", "G T"}, {":path", "/"}, {":authority", "a"}},
        h2::Fields{{":method", "GET"}, {":path", "/"}, {":authority", "a"}, {"x", "a\r\nb: c"}},
        h2::Fields{{":method", "GET"}, {":path", "/"}, {":authority", "a"}, {"x y", "z"}},
        h2::Fields{{":method", "GET"}, {":path", "/"}}}) {
    connect(false);
    EXPECT_FALSE(run(io, bridge->request(head, true)));
    EXPECT_EQ(server->waiting(), 0U);
  }
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/translation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/http1/head_parser.h"
#include "libcore/http1/upgrade.h"

namespace wstap {
namespace {

using testing::ElementsAre;

http1::RequestHead request(std::string_view text) {
  return *http1::parse_request(as_bytes(text), http1::Strictness::strict);
}
http1::ResponseHead response(std::string_view text) {
  return *http1::parse_response(as_bytes(text), http1::Strictness::strict);
}

const h2::Fields kSocket = {{":method", "CONNECT"},
                            {":protocol", "websocket"},
                            {":scheme", "https"},
                            {":path", "/chat?a=b"},
                            {":authority", "example.com"},
                            {"sec-websocket-version", "13"},
                            {"origin", "https://example.com"},
                            {"content-length", "3"},
                            {"sec-websocket-key", "not of HTTP/2"},
                            {"cookie", "a=1"},
                            {"cookie", "b=2"}};

TEST(TranslationTest, AWebSocketRequestBecomesAnUpgrade) {
  EXPECT_TRUE(h2::is_websocket_request(kSocket));
  const auto head = h2::http1_request(kSocket);
  EXPECT_EQ(head.text(),
            "GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "sec-websocket-version: 13\r\norigin: https://example.com\r\ncookie: a=1; b=2\r\n\r\n");
  EXPECT_TRUE(http1::is_websocket_upgrade(head));
}

TEST(TranslationTest, OtherRequestsKeepTheirMethod) {
  const h2::Fields get = {{":method", "GET"},
                          {":scheme", "http"},
                          {":path", "/"},
                          {":authority", "[::1]:80"},
                          {"te", "trailers"}};
  EXPECT_FALSE(h2::is_websocket_request(get));
  EXPECT_EQ(h2::http1_request(get).text(), "GET / HTTP/1.1\r\nHost: [::1]:80\r\nte: trailers\r\n\r\n");
  const h2::Fields tunnel = {{":method", "CONNECT"}, {":authority", "example.com:443"}};
  EXPECT_FALSE(h2::is_websocket_request(tunnel));
  EXPECT_EQ(h2::http1_request(tunnel).target, "example.com:443");
  const h2::Fields other = {{":method", "CONNECT"}, {":protocol", "connect-udp"}, {":path", "/"}};
  EXPECT_FALSE(h2::is_websocket_request(other));
}

// H2-3
TEST(TranslationTest, AnUpgradeBecomesAWebSocketRequest) {
  const auto head = h2::http2_request(
      request("GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive, Upgrade, X-Hop\r\n"
              "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
              "Origin: https://example.com\r\n\r\n"),
      "https");
  EXPECT_EQ(h2::text(head),
            ":method: CONNECT\r\n:protocol: websocket\r\n:scheme: https\r\n:authority: example.com\r\n"
            ":path: /chat\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: chat\r\n"
            "origin: https://example.com\r\n\r\n");
  EXPECT_TRUE(h2::is_websocket_request(head));
}

// H2-3
TEST(TranslationTest, WhatFramesAMessageInHttp1StaysThere) {
  const auto head = h2::http2_request(request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                              "TE: gzip\r\nProxy-Connection: close\r\nA: b\r\n\r\n"),
                                      "http");
  EXPECT_THAT(head, ElementsAre(h2::Field{":method", "POST"}, h2::Field{":scheme", "http"},
                                h2::Field{":authority", "a"}, h2::Field{":path", "/"}, h2::Field{"a", "b"}));
}

// H2-3
TEST(TranslationTest, SwitchingProtocolsIsOk) {
  const auto opened =
      h2::http2_response(response("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\nContent-Length: 5\r\n"
                                  "Sec-WebSocket-Protocol: chat\r\n\r\n"));
  EXPECT_EQ(h2::text(opened), ":status: 200\r\nsec-websocket-protocol: chat\r\n\r\n");
}

// H2-3: what says where a body ends has no place behind it
TEST(TranslationTest, TrailersOfEitherKind) {
  http1::Fields trailers;
  trailers.add("X-Sum", "1");
  trailers.add("Content-Length", "5");
  trailers.add("Transfer-Encoding", "chunked");
  EXPECT_THAT(h2::http2_trailers(trailers), ElementsAre(h2::Field{"x-sum", "1"}));
  const auto back = h2::http1_trailers({{"x-sum", "1"}, {":path", "/"}, {"content-length", "5"}});
  ASSERT_EQ(back.list().size(), 1U);
  EXPECT_EQ(back.list()[0].line, "x-sum: 1\r\n");
}

// H2-1: what was agreed on stands in a response as HTTP/1 would give it
TEST(TranslationTest, OkToAWebSocketSwitchesProtocols) {
  const h2::Fields ok = {
      {":status", "200"}, {"sec-websocket-protocol", "chat"}, {"sec-websocket-accept", "x"}};
  const auto switched = h2::http1_response(ok, true);
  EXPECT_TRUE(http1::completes_websocket_upgrade(switched));
  EXPECT_EQ(switched.fields.joined("Sec-WebSocket-Protocol"), "chat");
  EXPECT_EQ(switched.fields.count("Sec-WebSocket-Accept"), 0U);
  EXPECT_EQ(h2::http1_response(ok, false).status, 200);
}

TEST(TranslationTest, RefusalsKeepTheirStatus) {
  const h2::Fields refused = {{":status", "403"}, {"x-why", "no"}};
  EXPECT_EQ(h2::http1_response(refused, true).text(), "HTTP/1.1 403 \r\nx-why: no\r\n\r\n");
  EXPECT_EQ(h2::status_of({}), 0);
  EXPECT_EQ(h2::text(h2::http2_response(response("HTTP/1.1 403 Forbidden\r\nContent-Length: "
                                                 "0\r\nKeep-Alive: 5\r\nConnection: close\r\n\r\n"))),
            ":status: 403\r\ncontent-length: 0\r\n\r\n");
}

}  // namespace
}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/translation.h"

#include <gtest/gtest.h>

#include "libcore/http1/head_parser.h"
#include "libcore/http1/upgrade.h"

namespace wstap {
namespace {

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

// H2-1: what was agreed on stands in a response as HTTP/1 would give it
TEST(TranslationTest, OkToAWebSocketSwitchesProtocols) {
  const h2::Fields ok = {{":status", "200"}, {"sec-websocket-protocol", "chat"}};
  const auto switched = h2::http1_response(ok, true);
  EXPECT_TRUE(http1::completes_websocket_upgrade(switched));
  EXPECT_EQ(switched.fields.joined("Sec-WebSocket-Protocol"), "chat");
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

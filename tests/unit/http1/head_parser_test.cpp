// SPDX-License-Identifier: Apache-2.0
// Good heads: their parts, and that writing them again gives the bytes that came (UPG-4).
#include "libcore/http1/head_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/http1/errors.h"
#include "tests/support/http_heads.h"

namespace wstap::http1 {
namespace {

using testing::ElementsAre;

/// "name=value" of each field, in order.
std::vector<std::string> pairs(const Fields& fields) {
  std::vector<std::string> all;
  for (const auto& field : fields.list()) all.push_back(field.name + "=" + field.value);
  return all;
}

TEST(ParseRequest, SplitsTheRequestLineAndTheFields) {
  const auto head =
      test::request("GET /chat?room=1 HTTP/1.1\r\nHost: example.com:8080\r\nOrigin: http://a\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/chat?room=1");
  EXPECT_EQ(head.version, "HTTP/1.1");
  EXPECT_EQ(head.first_line, "GET /chat?room=1 HTTP/1.1\r\n");
  EXPECT_THAT(pairs(head.fields), ElementsAre("Host=example.com:8080", "Origin=http://a"));
  EXPECT_EQ(head.end, "\r\n");
}

TEST(ParseRequest, TakesEveryFormOfTarget) {
  for (const std::string target : {"/", "*", "example.com:443", "[::1]:443", "http://a/b?c=d", "ws://a",
                                   "/%20\"<>^`{|}\\", "/caf\xc3\xa9"}) {
    SCOPED_TRACE(target);
    EXPECT_EQ(test::request("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").target, target);
  }
}

TEST(ParseRequest, TakesAnyTokenAsMethodAndDoesNotChangeItsCase) {
  EXPECT_EQ(test::request("M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n").method, "M-SEARCH");
  EXPECT_EQ(test::request("get / HTTP/1.1\r\nHost: a\r\n\r\n").method, "get");
}

TEST(ParseRequest, Http10NeedsNoHost) {
  const auto head = test::request("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(head.version, "HTTP/1.0");
  EXPECT_TRUE(head.fields.list().empty());
}

TEST(ParseRequest, TrimsSpacesAndTabsAroundValuesAndKeepsThoseInside) {
  const auto head = test::request(
      "GET / HTTP/1.1\r\nHost:a\r\nX-Tab:\tb\t\r\nX-Many:   c  d \r\nX-None:\r\nX-Blank:   \r\n\r\n");
  EXPECT_THAT(pairs(head.fields), ElementsAre("Host=a", "X-Tab=b", "X-Many=c  d", "X-None=", "X-Blank="));
}

TEST(ParseRequest, KeepsBytesAbove127InValues) {
  EXPECT_EQ(*test::request("GET / HTTP/1.1\r\nHost: a\r\nX: \xff\x80\r\n\r\n").fields.find("x"), "\xff\x80");
}

TEST(ParseRequest, TheFirstColonEndsTheName) {
  EXPECT_EQ(*test::request("GET / HTTP/1.1\r\nHost: a\r\nX: b:c: d\r\n\r\n").fields.find("X"), "b:c: d");
}

// UPG-4
TEST(HeadText, IsTheBytesThatCame) {
  const std::string odd =
      "GET /chat HTTP/1.1\r\n"
      "hOsT:example.com\r\n"
      "Sec-WebSocket-KEY:   dGhlIHNhbXBsZSBub25jZQ==  \r\n"
      "sec-websocket-version:\t13\t\r\n"
      "Cookie: b=2\r\n"
      "X-Empty:\r\n"
      "Cookie: a=1\r\n"
      "UPGRADE: WebSocket\r\n"
      "connection: keep-alive ,\tUpgrade\r\n"
      "Sec-WebSocket-Protocol: chat,superchat\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate;  client_max_window_bits\r\n"
      "\r\n";
  EXPECT_EQ(test::request(odd).text(), odd);

  const std::string answer =
      "HTTP/1.1 101 \r\nserver:  x\r\nUPGRADE: "
      "websocket\r\nSec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  EXPECT_EQ(test::response(answer).text(), answer);
}

// UPG-4
TEST(HeadText, IsTheBytesThatCameInLenientHeadsToo) {
  const std::string odd = "GET  /a b  HTTP/1.1\nHost : a\nHost: b\r\nno colon\r\nX: 1\r\n\t2\r\n  3\r\n\n";
  EXPECT_EQ(test::request(odd, Strictness::lenient).text(), odd);
}

TEST(ParseResponse, SplitsTheStatusLine) {
  struct Row {
    std::string line, version;
    int status;
    std::string reason;
  };
  for (const Row& row : {Row{"HTTP/1.1 200 OK", "HTTP/1.1", 200, "OK"},
                         Row{"HTTP/1.0 404 Not Found", "HTTP/1.0", 404, "Not Found"},
                         Row{"HTTP/1.1 101 Switching  Protocols ", "HTTP/1.1", 101, "Switching  Protocols "},
                         Row{"HTTP/1.1 204 ", "HTTP/1.1", 204, ""},  //
                         Row{"HTTP/1.1 204", "HTTP/1.1", 204, ""},   // common, though the space is due
                         Row{"HTTP/1.1 100 Continue", "HTTP/1.1", 100, "Continue"},
                         Row{"HTTP/1.1 999 \xe4\xbd\xa0", "HTTP/1.1", 999, "\xe4\xbd\xa0"}}) {
    SCOPED_TRACE(row.line);
    const auto head = test::response(row.line + "\r\n\r\n");
    EXPECT_EQ(head.version, row.version);
    EXPECT_EQ(head.status, row.status);
    EXPECT_EQ(head.reason, row.reason);
    EXPECT_EQ(head.text(), row.line + "\r\n\r\n");
  }
}

TEST(ResponseHead, IsInterimFor1xxBut101) {
  const auto interim = [](int status) {
    return test::response("HTTP/1.1 " + std::to_string(status) + " x\r\n\r\n").is_interim();
  };
  EXPECT_TRUE(interim(100));
  EXPECT_FALSE(interim(101));
  EXPECT_TRUE(interim(103));
  EXPECT_TRUE(interim(199));
  EXPECT_FALSE(interim(200));
}

std::string head_with_fields(std::size_t fields) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < fields; ++i) text += "X: y\r\n";
  return text + "\r\n";
}

// LIM-4
TEST(ParseRequest, TwoHundredFieldsPassAndOneMoreIsRefused) {
  EXPECT_EQ(test::request(head_with_fields(200)).fields.list().size(), 200U);
  for (const auto strictness : {Strictness::strict, Strictness::lenient}) {
    const auto refused = parse_request(as_bytes(head_with_fields(201)), strictness);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::too_many_fields);
    EXPECT_EQ(refused.error().detail, "limit=200");
    EXPECT_EQ(refused.error().offset, head_with_fields(200).size() - 2) << "where the field too many stands";
    EXPECT_EQ(status_for(refused.error().code), 431);
  }
}

TEST(ParseResponse, TheFieldLimitIsTheCallers) {
  const HeadLimits limits{.max_bytes = 1024, .max_fields = 1};
  EXPECT_TRUE(parse_response(as_bytes("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), Strictness::strict, limits));
  const auto refused =
      parse_response(as_bytes("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"), Strictness::strict, limits);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::too_many_fields);
  EXPECT_EQ(refused.error().offset, 23U);
}

}  // namespace
}  // namespace wstap::http1

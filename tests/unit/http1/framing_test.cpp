// SPDX-License-Identifier: Apache-2.0
// How a head says where its body ends (RFC 9112 6.3), and whether its connection goes on (RFC 9112 9.3).
#include <gtest/gtest.h>

#include "libcore/http1/body.h"
#include "tests/support/http_heads.h"

namespace wstap::http1 {

static void PrintTo(const BodyFraming& framing, std::ostream* out) {
  *out << "kind " << static_cast<int>(framing.kind) << " length " << framing.length;
}

namespace {

constexpr BodyFraming kNone{};
constexpr BodyFraming kChunked{BodyFraming::Kind::chunked, 0};
constexpr BodyFraming kUntilClose{BodyFraming::Kind::until_close, 0};
BodyFraming length(std::uint64_t bytes) {
  return {BodyFraming::Kind::length, bytes};
}

BodyFraming request_framing(const std::string& method, const std::string& fields) {
  return framing_of(test::request(method + " / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"));
}

BodyFraming response_framing(const std::string& status, const std::string& fields,
                             const char* method = "GET") {
  return framing_of(test::response("HTTP/1.1 " + status + " x\r\n" + fields + "\r\n"), method);
}

// UPG-2
TEST(RequestFraming, IsWhatTheFieldsSayWhateverTheMethod) {
  for (const std::string method : {"GET", "POST", "HEAD", "DELETE"}) {
    SCOPED_TRACE(method);
    EXPECT_EQ(request_framing(method, ""), kNone);
    EXPECT_EQ(request_framing(method, "Content-Length: 0\r\n"), kNone);
    EXPECT_EQ(request_framing(method, "content-length:  42 \r\n"), length(42));
    EXPECT_EQ(request_framing(method, "transfer-encoding: Chunked\r\n"), kChunked);
  }
  EXPECT_EQ(request_framing("PUT", "Content-Length: 18446744073709551615\r\n"),
            length(18446744073709551615U));
}

// UPG-2
TEST(ResponseFraming, IsWhatTheFieldsSayOrTheEndOfTheStream) {
  EXPECT_EQ(response_framing("200", "Content-Length: 42\r\n"), length(42));
  EXPECT_EQ(response_framing("200", "Content-Length: 0\r\n"), kNone);
  EXPECT_EQ(response_framing("200", "Transfer-Encoding: chunked\r\n"), kChunked);
  EXPECT_EQ(response_framing("200", ""), kUntilClose);
  EXPECT_EQ(response_framing("404", "Content-Length: 9\r\n"), length(9));
}

// UPG-2
TEST(ResponseFraming, SomeResponsesNeverHaveABody) {
  for (const std::string fields : {"", "Content-Length: 42\r\n", "Transfer-Encoding: chunked\r\n"}) {
    SCOPED_TRACE(fields);
    for (const std::string status : {"100", "101", "103", "204", "304"})
      EXPECT_EQ(response_framing(status, fields), kNone) << status;
    EXPECT_EQ(response_framing("200", fields, "HEAD"), kNone);
    EXPECT_EQ(response_framing("404", fields, "HEAD"), kNone);
    EXPECT_EQ(response_framing("200", fields, "CONNECT"), kNone);
    EXPECT_EQ(response_framing("299", fields, "CONNECT"), kNone);
  }
}

TEST(ResponseFraming, MethodsAreCaseSensitiveAndARefusedConnectHasABody) {
  EXPECT_EQ(response_framing("200", "Content-Length: 42\r\n", "head"), length(42));
  for (const std::string status : {"302", "407", "502"})
    EXPECT_EQ(response_framing(status, "Content-Length: 42\r\n", "CONNECT"), length(42)) << status;
  EXPECT_EQ(response_framing("205", "Content-Length: 42\r\n"), length(42));
}

TEST(ResponseFraming, LenientlyOnlyAFinalChunkedEndsByItself) {
  const auto framing = [](const std::string& fields) {
    return framing_of(test::response("HTTP/1.1 200 x\r\n" + fields + "\r\n", Strictness::lenient), "GET");
  };
  EXPECT_EQ(framing("Transfer-Encoding: gzip, chunked\r\n"), kChunked);
  EXPECT_EQ(framing("Transfer-Encoding: gzip\r\nTransfer-Encoding: CHUNKED\r\n"), kChunked);
  EXPECT_EQ(framing("Transfer-Encoding: chunked, gzip\r\n"), kUntilClose);
  EXPECT_EQ(framing("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), kUntilClose);
  EXPECT_EQ(framing("Content-Length: five\r\n"), kUntilClose);
  EXPECT_EQ(framing("Content-Length: 5, 5\r\n"), length(5));
}

// UPG-2
TEST(KeepsAlive, FollowsVersionAndConnection) {
  struct Row {
    const char* version;
    const char* connection;
    bool keeps;
  };
  for (const Row& row :
       {Row{"HTTP/1.1", "", true}, Row{"HTTP/1.1", "Connection: keep-alive\r\n", true},
        Row{"HTTP/1.1", "Connection: Close\r\n", false}, Row{"HTTP/1.1", "Connection: x, close\r\n", false},
        Row{"HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
        Row{"HTTP/1.1", "Connection: closed\r\n", true}, Row{"HTTP/1.0", "", false},
        Row{"HTTP/1.0", "Connection: Keep-Alive\r\n", true},
        Row{"HTTP/1.0", "Connection: keep-alive, close\r\n", false},
        Row{"HTTP/1.0", "Keep-Alive: timeout=5\r\n", false}}) {
    SCOPED_TRACE(std::string(row.version) + " " + row.connection);
    const std::string version = row.version;
    EXPECT_EQ(keeps_alive(test::request("GET / " + version + "\r\nHost: a\r\n" + row.connection + "\r\n")),
              row.keeps);
    EXPECT_EQ(keeps_alive(test::response(version + " 200 OK\r\n" + row.connection + "\r\n")), row.keeps);
  }
}

}  // namespace
}  // namespace wstap::http1

// SPDX-License-Identifier: Apache-2.0
// What a connection speaks, by its first bytes (UPG-5): undecided exactly as long as it can still become
// another thing.
#include "libcore/net/sniff.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"

namespace wstap::net {
namespace {

using namespace std::string_literals;

struct Start {
  const char* name;
  std::string bytes;
  Opening expected;
  std::size_t decided_at;  ///< how many bytes it takes to know
};

class Sniff : public testing::TestWithParam<Start> {};

// UPG-5
TEST_P(Sniff, DecidesAtItsByteAndStaysWithIt) {
  const auto& [name, bytes, expected, decided_at] = GetParam();
  ASSERT_LE(decided_at, bytes.size());
  for (std::size_t length = 0; length <= bytes.size(); ++length)
    EXPECT_EQ(sniff(as_bytes(bytes).first(length)), length < decided_at ? Opening::need_more : expected)
        << length;
  EXPECT_EQ(sniff(as_bytes(bytes + std::string(1000, 'x'))), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Http1, Sniff,
    testing::Values(Start{"Path", "GET / HTTP/1.1\r\n", Opening::http1, 5},
                    Start{"BlankLinesFirst", "\r\n\r\nGET / HTTP/1.1\r\n", Opening::http1, 9},
                    Start{"Asterisk", "OPTIONS * HTTP/1.1\r\n", Opening::http1, 9},
                    Start{"HttpUrl", "GET http://a/ HTTP/1.1\r\n", Opening::http1, 8},
                    Start{"HttpsUrl", "POST https://a/ HTTP/1.1\r\n", Opening::http1, 9},
                    Start{"WsUrl", "GET ws://a/ HTTP/1.1\r\n", Opening::http1, 6},
                    Start{"WssUrl", "GET wss://a/ HTTP/1.1\r\n", Opening::http1, 6},
                    Start{"ConnectName", "CONNECT a.example:443 HTTP/1.1\r\n", Opening::http1, 9},
                    Start{"ConnectAddress", "CONNECT [::1]:443 HTTP/1.1\r\n", Opening::http1, 9},
                    Start{"MethodWithHyphen", "M-SEARCH * HTTP/1.1\r\n", Opening::http1, 10},
                    Start{"LongestMethod", std::string(24, 'A') + " / HTTP/1.1\r\n", Opening::http1, 26},
                    Start{"PriButNoPreface", "PRI * HTTP/1.1\r\n", Opening::http1, 12},
                    Start{"PrefaceWithAnotherEnd", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", Opening::http1, 19}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(OtherProtocols, Sniff,
                         testing::Values(Start{"H2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                               Opening::h2_preface, 24},
                                         Start{"Tls10Record", "\x16\x03\x01\x02\x00\x01"s, Opening::tls, 2},
                                         Start{"Tls12Record", "\x16\x03\x03\x02\x00\x01"s, Opening::tls, 2},
                                         Start{"Socks5", "\x05\x01\x00"s, Opening::socks5, 1}),
                         [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Opaque, Sniff,
    testing::Values(Start{"NotTls3", "\x16\x02\x01"s, Opening::other, 2},
                    Start{"TlsAlert", "\x15\x03\x01"s, Opening::other, 1},
                    Start{"Socks4", "\x04\x01"s, Opening::other, 1},  //
                    Start{"Nul", "\0\0"s, Opening::other, 1},
                    Start{"Ssh", "SSH-2.0-x\r\n", Opening::other, 5},
                    Start{"LowerCaseMethod", "get / HTTP/1.1\r\n", Opening::other, 1},
                    Start{"SpaceFirst", " GET / HTTP/1.1\r\n", Opening::other, 1},
                    Start{"MethodTooLong", std::string(25, 'A') + " / HTTP/1.1\r\n", Opening::other, 25},
                    Start{"MethodEndsInTab", "GET\t/ HTTP/1.1\r\n", Opening::other, 4},
                    Start{"OtherTarget", "GET x HTTP/1.1\r\n", Opening::other, 5},
                    Start{"OtherScheme", "GET hxxp://a/ HTTP/1.1\r\n", Opening::other, 6},
                    Start{"AlmostWs", "GET wx://a/ HTTP/1.1\r\n", Opening::other, 6},
                    Start{"TwoSpaces", "GET  / HTTP/1.1\r\n", Opening::other, 5},
                    Start{"Imap", "A1 LOGIN a b\r\n", Opening::other, 2},
                    Start{"Smtp", "EHLO example.com\r\n", Opening::other, 6}),
    [](const auto& row) { return std::string(row.param.name); });

// UPG-5, H2-4
TEST(SniffServerTest, SettingsAreTheBeginningOfHttp2) {
  const auto begins = [](const std::string& bytes) { return begins_with_settings(as_bytes(bytes)); };
  EXPECT_TRUE(begins("\0\0\0\4\0\0\0\0\0"s));
  EXPECT_TRUE(begins("\0\0\6\4\0\0\0\0\0\0\3\0\0\0d"s));
  EXPECT_FALSE(begins("\0\0\0\4\0\0\0\0"s)) << "no whole head";
  EXPECT_FALSE(begins("\0\0\5\4\0\0\0\0\0"s)) << "no whole settings";
  EXPECT_FALSE(begins("\0\1\0\4\0\0\0\0\0"s)) << "too many";
  EXPECT_FALSE(begins("\0\0\0\4\1\0\0\0\0"s)) << "an acknowledgement";
  EXPECT_FALSE(begins("\0\0\0\6\0\0\0\0\0"s)) << "another frame";
  EXPECT_FALSE(begins("\0\0\0\4\0\0\0\0\1"s)) << "of a stream";
  EXPECT_FALSE(begins("220 mail.example ESMTP\r\n"));
}

}  // namespace
}  // namespace wstap::net

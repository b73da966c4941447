// SPDX-License-Identifier: Apache-2.0
// wstap's own answers: well-formed by its own strict parser, with the length they say, and no way for a
// reason to become a header.
#include "libcore/http1/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "libcore/base/hex.h"
#include "libcore/http1/body.h"
#include "libcore/http1/errors.h"
#include "tests/support/http_heads.h"

namespace wstap::http1 {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

struct Reply {
  ResponseHead head;
  std::string body;
};

/// Splits a reply, and checks that its Content-Length is true.
Reply split(const std::string& text) {
  HeadFinder finder(64 * 1024);
  const auto length = finder.find(as_bytes(text));
  if (!length || !*length) throw std::invalid_argument("no head in: " + text);
  Reply reply{test::response(text.substr(0, **length)), text.substr(**length)};
  EXPECT_EQ(content_length(reply.head.fields), reply.body.size());
  return reply;
}

TEST(ErrorReply, HasAStatusLineForEachStatusInUse) {
  const std::pair<int, const char*> rows[] = {{400, "Bad Request"},
                                              {403, "Forbidden"},
                                              {404, "Not Found"},
                                              {405, "Method Not Allowed"},
                                              {408, "Request Timeout"},
                                              {429, "Too Many Requests"},
                                              {431, "Request Header Fields Too Large"},
                                              {501, "Not Implemented"},
                                              {502, "Bad Gateway"},
                                              {503, "Service Unavailable"},
                                              {504, "Gateway Timeout"},
                                              {505, "HTTP Version Not Supported"}};
  for (const auto& [status, phrase] : rows) {
    const auto reply = split(error_reply(status, "because"));
    EXPECT_EQ(reply.head.status, status);
    EXPECT_EQ(reply.head.reason, phrase);
  }
}

// LIM-5
TEST(TooManyReply, SaysWhenToTryAgain) {
  const auto reply = split(too_many_reply(7, "limit 'x': 5 upgrades a second"));
  EXPECT_EQ(reply.head.status, 429);
  ASSERT_NE(reply.head.fields.find("Retry-After"), nullptr);
  EXPECT_EQ(*reply.head.fields.find("Retry-After"), "7");
  EXPECT_EQ(reply.body, "wstap: limit 'x': 5 upgrades a second\n");
  EXPECT_EQ(split(too_many_reply(0, "never")).head.fields.find("Retry-After"), nullptr);
}

TEST(ErrorReply, SaysWhyAndThatTheConnectionCloses) {
  const auto reply = split(error_reply(502, "a.example:80: cannot connect"));
  EXPECT_EQ(reply.body, "wstap: a.example:80: cannot connect\n");
  EXPECT_FALSE(keeps_alive(reply.head));
  EXPECT_EQ(*reply.head.fields.find("Cache-Control"), "no-store");
  EXPECT_EQ(*reply.head.fields.find("Content-Type"), "text/plain; charset=utf-8");
}

TEST(ErrorReply, AReasonCannotBecomeAHeaderOrReachATerminal) {
  const auto reply = split(error_reply(400, "a\r\nSet-Cookie: x=y\r\n\r\nb\x1b[2J\0\x7f\xc2\x9b"s));
  EXPECT_EQ(reply.head.fields.count("Set-Cookie"), 0U);
  EXPECT_EQ(reply.body.find_first_of("\r\x1b\0\x7f\x9b"s), std::string::npos) << reply.body;
  EXPECT_EQ(std::count(reply.body.begin(), reply.body.end(), '\n'), 1);
  EXPECT_THAT(reply.body, HasSubstr("Set-Cookie: x=y")) << "nothing of the reason is lost";
}

TEST(ProxyAuthReply, ChallengesForBasic) {
  const auto reply = split(proxy_auth_reply());
  EXPECT_EQ(reply.head.status, 407);
  EXPECT_EQ(reply.head.reason, "Proxy Authentication Required");
  EXPECT_EQ(*reply.head.fields.find("Proxy-Authenticate"), "Basic realm=\"wstap\"");
  EXPECT_FALSE(keeps_alive(reply.head));
}

// RFC 9110 9.3.6: a 2xx to CONNECT has neither length nor encoding.
TEST(TunnelReply, IsAHeadWithoutFraming) {
  const auto head = test::response(tunnel_reply());
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.fields.count("Content-Length"), 0U);
  EXPECT_EQ(head.fields.count("Transfer-Encoding"), 0U);
  EXPECT_EQ(head.text(), tunnel_reply()) << "nothing behind the head";
}

TEST(ContentReply, CarriesItsBytesVerbatim) {
  const std::string body = "\0\r\n\r\n\xff"s;
  const auto reply = split(content_reply("application/x-pkcs12", as_bytes(body), "ca.p12"));
  EXPECT_EQ(reply.head.status, 200);
  EXPECT_EQ(*reply.head.fields.find("Content-Type"), "application/x-pkcs12");
  EXPECT_EQ(*reply.head.fields.find("Content-Disposition"), "attachment; filename=\"ca.p12\"");
  EXPECT_EQ(reply.body, body);
  EXPECT_EQ(split(content_reply("text/plain", {}, "x")).body, "");
}

std::string basic(std::string_view credentials) {
  return "Basic " + to_base64(as_bytes(credentials));
}

TEST(BasicCredentials, MatchOnlyTheWholeUserAndPassword) {
  const auto match = [](const std::string& authorization) {
    return basic_credentials_match(authorization, "user", "pass:word");
  };
  EXPECT_TRUE(match(basic("user:pass:word")));
  EXPECT_TRUE(match("bAsIc  " + to_base64(as_bytes("user:pass:word")) + " "));
  for (const std::string_view wrong : {"user:pass:wor", "user:pass:words", "user:pass:worD", "User:pass:word",
                                       "user", "", ":", "user:", "user:pass:worduser:pass:word"})
    EXPECT_FALSE(match(basic(wrong))) << wrong;
  EXPECT_FALSE(match(""));
  EXPECT_FALSE(match("Basic"));
  EXPECT_FALSE(match("Basic !!!!"));
  EXPECT_FALSE(match("Bearer " + to_base64(as_bytes("user:pass:word"))));
  EXPECT_FALSE(match(to_base64(as_bytes("user:pass:word"))));
}

TEST(BasicCredentials, EmptyUserAndPasswordAreCredentialsToo) {
  EXPECT_TRUE(basic_credentials_match(basic(":"), "", ""));
  EXPECT_FALSE(basic_credentials_match(basic(""), "", ""));
  EXPECT_FALSE(basic_credentials_match(basic("::"), "", ""));
}

// UPG-9, LIM-4
TEST(StatusFor, Is431ForSizes505ForVersionsElse400) {
  EXPECT_EQ(status_for(Errc::head_too_large), 431);
  EXPECT_EQ(status_for(Errc::too_many_fields), 431);
  EXPECT_EQ(status_for(Errc::bad_version), 505);
  for (const auto other : {Errc::bad_request_line, Errc::bare_lf, Errc::two_hosts, Errc::bad_target,
                           Errc::bad_chunk, Errc::length_with_transfer_encoding})
    EXPECT_EQ(status_for(other), 400) << make_error_code(other).message();
}

TEST(Errors, EachHasATextOfItsOwn) {
  std::set<std::string> texts;
  for (int code = static_cast<int>(Errc::head_too_large); code <= static_cast<int>(Errc::trailers_too_large);
       ++code) {
    const auto text = category().message(code);
    EXPECT_NE(text, "unknown") << code;
    EXPECT_TRUE(texts.insert(text).second) << text;
  }
}

}  // namespace
}  // namespace wstap::http1

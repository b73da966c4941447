// SPDX-License-Identifier: Apache-2.0
// Request targets and URLs (RFC 9112 3.2, RFC 3986 3.2): where a request wants to go.
#include "libcore/http1/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/http1/errors.h"

namespace wstap::http1 {
namespace {

using testing::HasSubstr;

TEST(ParseAuthority, TakesHostAndPort) {
  struct Row {
    const char* text;
    std::uint16_t default_port;
    Authority expected;
    const char* written;
  };
  for (const Row& row :
       {Row{"example.com:443", 0, {"example.com", 443}, "example.com:443"},
        Row{"Example.COM", 80, {"Example.COM", 80}, "Example.COM:80"},
        Row{"example.com:", 80, {"example.com", 80}, "example.com:80"},
        Row{"127.0.0.1:1", 80, {"127.0.0.1", 1}, "127.0.0.1:1"}, Row{"a:65535", 80, {"a", 65535}, "a:65535"},
        Row{"a:00080", 0, {"a", 80}, "a:80"}, Row{"[::1]:8080", 0, {"::1", 8080}, "[::1]:8080"},
        Row{"[::1]", 443, {"::1", 443}, "[::1]:443"},
        Row{"[::FFFF:1.2.3.4]:80", 0, {"::FFFF:1.2.3.4", 80}, "[::FFFF:1.2.3.4]:80"},
        Row{"under_score-1.x~y", 80, {"under_score-1.x~y", 80}, "under_score-1.x~y:80"},
        Row{"a%20b", 80, {"a%20b", 80}, "a%20b:80"},
        Row{"b\xc3\xbc", 80, {"b\xc3\xbc", 80}, "b\xc3\xbc:80"}}) {
    SCOPED_TRACE(row.text);
    const auto authority = parse_authority(row.text, row.default_port);
    ASSERT_TRUE(authority.has_value()) << authority.error().text();
    EXPECT_EQ(*authority, row.expected);
    EXPECT_EQ(authority->text(), row.written);
  }
}

TEST(ParseAuthority, RefusesEverythingElseAndSaysWhy) {
  struct Row {
    const char* text;
    std::uint16_t default_port;
    const char* why;
  };
  for (const Row& row : {Row{"", 80, "not a host"},
                         Row{":80", 0, "not a host"},
                         Row{"a", 0, "no port"},
                         Row{"a:", 0, "no port"},
                         Row{"[::1]", 0, "no port"},
                         Row{"a:0", 80, "not a port"},
                         Row{"a:65536", 80, "not a port"},
                         Row{"a:+80", 80, "not a port"},
                         Row{"a:-1", 80, "not a port"},
                         Row{"a: 80", 80, "not a port"},
                         Row{"a:80x", 80, "not a port"},
                         Row{"a:b:80", 80, "not a port"},
                         Row{"::1", 80, "not a host"},
                         Row{"[::1", 80, "no closing bracket"},
                         Row{"[]:80", 0, "not a host"},
                         Row{"[a.example]:80", 0, "not a host"},
                         Row{"[fe80::1%25eth0]:80", 0, "not a host"},
                         Row{"[::1]x:80", 0, "text behind the host"},
                         Row{"a b:80", 0, "not a host"},
                         Row{"a\\b:80", 0, "not a host"},
                         Row{"a/b:80", 0, "not a host"},
                         Row{"a\"b:80", 0, "not a host"},
                         Row{"user@a:80", 0, "user information"},
                         Row{"user:secret@a:80", 0, "user information"},
                         Row{"a@b@c:80", 0, "user information"}}) {
    SCOPED_TRACE(row.text);
    const auto authority = parse_authority(row.text, row.default_port);
    ASSERT_FALSE(authority.has_value());
    EXPECT_EQ(authority.error().code, Errc::bad_target);
    EXPECT_THAT(authority.error().detail, HasSubstr(row.why));
  }
}

struct UrlRow {
  const char* name;
  const char* text;
  const char* scheme;
  Authority authority;
  const char* host_field;
  const char* path;
  bool secure;
};

class ParseUrl : public testing::TestWithParam<UrlRow> {};

TEST_P(ParseUrl, SplitsIt) {
  const auto url = parse_url(GetParam().text);
  ASSERT_TRUE(url.has_value()) << url.error().text();
  EXPECT_EQ(url->scheme, GetParam().scheme);
  EXPECT_EQ(url->authority, GetParam().authority);
  EXPECT_EQ(url->host_field, GetParam().host_field);
  EXPECT_EQ(url->path, GetParam().path);
  EXPECT_EQ(url->secure(), GetParam().secure);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, ParseUrl,
    testing::Values(
        UrlRow{"Http", "http://a/b/c?d=e", "http", {"a", 80}, "a", "/b/c?d=e", false},
        UrlRow{"Https", "https://a/", "https", {"a", 443}, "a", "/", true},
        UrlRow{"Ws", "ws://a/chat", "ws", {"a", 80}, "a", "/chat", false},
        UrlRow{"Wss", "wss://a/chat", "wss", {"a", 443}, "a", "/chat", true},
        UrlRow{"SchemeInCapitals", "WSS://A/B", "wss", {"A", 443}, "A", "/B", true},
        UrlRow{"NoPath", "http://a", "http", {"a", 80}, "a", "/", false},
        UrlRow{"QueryWithoutPath", "ws://a?b=/c", "ws", {"a", 80}, "a", "/?b=/c", false},
        UrlRow{"Port", "http://a:8080/", "http", {"a", 8080}, "a:8080", "/", false},
        UrlRow{"DefaultPortWritten", "https://a:443/", "https", {"a", 443}, "a:443", "/", true},
        UrlRow{"Ipv6", "ws://[::1]:9000/x", "ws", {"::1", 9000}, "[::1]:9000", "/x", false},
        UrlRow{"Ipv6WithoutPort",
               "wss://[2001:db8::1]/",
               "wss",
               {"2001:db8::1", 443},
               "[2001:db8::1]",
               "/",
               true},
        UrlRow{"UrlInQuery", "http://a/?u=http://u@b/", "http", {"a", 80}, "a", "/?u=http://u@b/", false},
        UrlRow{"DoubleSlashPath", "http://a//b", "http", {"a", 80}, "a", "//b", false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ParseUrlRefusal, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "no scheme"},
      {"a.example/b", "no scheme"},
      {"/b", "no scheme"},
      {"http:/a", "no scheme"},
      {"ftp://a/", "not http, https, ws or wss"},
      {"httpx://a/", "not http, https, ws or wss"},
      {"://a/", "not http, https, ws or wss"},
      {"/x?http://a", "not http, https, ws or wss"},
      {"http://", "not a host"},
      {"http:///b", "not a host"},
      {"http://:80/", "not a host"},
      {"http://a:x/", "not a port"},
      {"http://a:99999/", "not a port"},
      {"http://user@a/", "user information"},
      {"ws://user:secret@a/", "user information"},
      {"http://a/b c", "white space"},
      {"http://a\t/", "white space"},
      {"http://a/\r\nX: y", "white space"},
      {"http://a/b#c", "fragment"},
      {"http://a\\b/", "not a host"},
      {"http://[::1/", "no closing bracket"},
  };
  for (const auto& [text, why] : rows) {
    SCOPED_TRACE(text);
    const auto url = parse_url(text);
    ASSERT_FALSE(url.has_value());
    EXPECT_EQ(url.error().code, Errc::bad_target);
    EXPECT_THAT(url.error().detail, HasSubstr(why));
  }
}

TEST(IsAbsoluteForm, TellsUrlsFromPaths) {
  for (const char* url : {"http://a/", "ws://a", "ftp://a/", "HTTP://A", "http://a/?b=http://c"})
    EXPECT_TRUE(is_absolute_form(url)) << url;
  for (const char* other : {"/", "*", "a:443", "/b?c=http://d", "/http://a", "http:/a", "", "[::1]:443"})
    EXPECT_FALSE(is_absolute_form(other)) << other;
}

}  // namespace
}  // namespace wstap::http1

// SPDX-License-Identifier: Apache-2.0
// Where a request goes (UPG-5, UPG-6), and what is answered here instead (TLS-2, TLS-3).
#include "libcore/net/http_route.h"

#include <gtest/gtest.h>

#include "libcore/http1/errors.h"
#include "tests/support/http_heads.h"

namespace wstap::net {
namespace {

using Kind = Route::Kind;

Site site(Site::Kind kind, std::string_view url) {
  return {kind, *http1::parse_url(url)};
}

class HttpRoute : public testing::Test {
 protected:
  Route of(std::string_view line, std::string_view fields = "Host: named.example\r\n") const {
    const auto head = std::string(line) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n";
    return route(here, credentials, scope, test::request(head), fields.find("Upgrade") != fields.npos);
  }
  static pipeline::TargetPattern pattern(std::string_view text) {
    std::string why;
    return *pipeline::TargetPattern::parse(text, why);
  }
  pipeline::Scope scope;
  Site here;
  std::optional<SocksCredentials> credentials;
};

// HostScope: a tunnel, by host and port. HttpScope: a request, by all of its URL.
TEST_F(HttpRoute, OutOfScopeIsRefused) {
  scope.allow = {pattern("in.example/chat")};
  scope.deny = {pattern("*:81")};
  EXPECT_EQ(of("CONNECT in.example:443").kind, Kind::connect);
  EXPECT_EQ(of("CONNECT in.example:81").kind, Kind::out_of_scope);
  EXPECT_EQ(of("CONNECT wstap.ca:80").kind, Kind::connect) << "wstap's own site is nobody's";
  const auto out = of("CONNECT out.example:443");
  EXPECT_EQ(out.kind, Kind::out_of_scope);
  EXPECT_EQ(out.status, 403);
  EXPECT_EQ(out.reason, "out of scope: not allowed");
  EXPECT_EQ(of("GET http://in.example/chat?x").kind, Kind::upstream);
  EXPECT_EQ(of("GET http://in.example/other").kind, Kind::out_of_scope);
  EXPECT_EQ(of("GET http://in.example:81/chat").reason, "out of scope: denied by \"*:81\"");
  here = site(Site::Kind::tunnel, "https://in.example/");
  EXPECT_EQ(of("GET /chat").kind, Kind::upstream);
  EXPECT_EQ(of("GET /other").kind, Kind::out_of_scope);
  scope = {{pattern("wss://*")}, {}};
  EXPECT_EQ(of("GET /chat").kind, Kind::out_of_scope);
  EXPECT_EQ(of("GET /chat", "Host: a\r\nUpgrade: websocket\r\n").kind, Kind::upstream);
}

std::string server(const Route& route) {
  return route.url.scheme + "://" + route.url.authority.text();
}

// UPG-5
TEST_F(HttpRoute, OfAProxyIsWhatTheRequestNames) {
  const auto found = of("GET http://origin.example:81/a?b");
  EXPECT_EQ(found.kind, Kind::upstream);
  EXPECT_EQ(server(found), "http://origin.example:81");
  EXPECT_EQ(found.url.path, "/a?b");
  EXPECT_EQ(found.url.host_field, "origin.example:81");
}

// UPG-5: nothing but the URL says where it goes; Host is not asked
TEST_F(HttpRoute, OfAProxyWithoutATargetIsRefused) {
  const auto found = of("GET /");
  EXPECT_EQ(found.kind, Kind::refused);
  EXPECT_EQ(found.status, 400);
  EXPECT_NE(found.reason.find("--reverse URL"), std::string::npos);
}

// UPG-5
TEST_F(HttpRoute, ConnectIsATunnel) {
  const auto found = of("CONNECT origin.example:443");
  EXPECT_EQ(found.kind, Kind::connect);
  EXPECT_EQ(found.url.authority, (http1::Authority{"origin.example", 443}));
}

// UPG-5
TEST_F(HttpRoute, TargetsThatAreNoneAreMalformed) {
  for (const char* line : {"CONNECT origin.example", "CONNECT :", "GET ftp://origin.example/"}) {
    const auto found = of(line);
    EXPECT_EQ(found.kind, Kind::malformed) << line;
    EXPECT_EQ(found.error.code, http1::Errc::bad_target) << line;
  }
}

// UPG-5: a proxy's credentials are asked for whatever is wanted, and nowhere else
TEST_F(HttpRoute, NeedsCredentialsWhereTheyAreAskedFor) {
  credentials = {"user", "secret"};
  const auto* wrong = "Host: named.example\r\nProxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n";
  const auto* right = "Host: named.example\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n";
  for (const char* line :
       {"GET http://origin.example/", "CONNECT origin.example:443", "GET http://wstap.ca/"}) {
    EXPECT_EQ(of(line).kind, Kind::no_credentials) << line;
    EXPECT_EQ(of(line, wrong).kind, Kind::no_credentials) << line;
    EXPECT_NE(of(line, right).kind, Kind::no_credentials) << line;
  }
  here = site(Site::Kind::tunnel, "https://origin.example/");
  EXPECT_EQ(of("GET /").kind, Kind::upstream);
}

// UPG-5, UPG-6: the connection decides, not what the request says
TEST_F(HttpRoute, OfABoundConnectionIsItsServer) {
  for (const auto kind : {Site::Kind::tunnel, Site::Kind::upstream}) {
    here = site(kind, "wss://origin.example:444/");
    for (const char* line : {"GET /chat", "GET http://other.example/chat"}) {
      const auto found = of(line);
      EXPECT_EQ(found.kind, Kind::upstream) << line;
      EXPECT_EQ(server(found), "wss://origin.example:444") << line;
      EXPECT_EQ(found.url.path, "/chat") << line;
    }
    EXPECT_EQ(of("GET /").url.host_field, "named.example") << "as the client wrote it";
  }
}

// UPG-6
TEST_F(HttpRoute, OfAReverseProxyIsNoTunnel) {
  here = site(Site::Kind::upstream, "ws://origin.example:9000/");
  const auto found = of("CONNECT other.example:443");
  EXPECT_EQ(found.kind, Kind::refused);
  EXPECT_EQ(found.status, 501);
  EXPECT_EQ(found.reason, "this port is a reverse proxy for ws://origin.example:9000: it takes no CONNECT");
}

// UPG-5
TEST_F(HttpRoute, InATunnelIsNoOtherTunnel) {
  for (const auto kind : {Site::Kind::tunnel, Site::Kind::own}) {
    here = site(kind, "http://origin.example/");
    const auto found = of("CONNECT other.example:443");
    EXPECT_EQ(found.kind, Kind::refused);
    EXPECT_EQ(found.status, 501);
    EXPECT_EQ(found.reason, "CONNECT inside a tunnel");
  }
}

// TLS-2
TEST_F(HttpRoute, LeadsToTheCertificate) {
  const auto absolute = of("GET http://wstap.ca/wstap-ca.der");
  EXPECT_EQ(absolute.kind, Kind::own_site);
  EXPECT_EQ(absolute.url.path, "/wstap-ca.der");
  EXPECT_EQ(of("GET /", "Host: WSTAP.ca\r\n").kind, Kind::own_site)
      << "of a client that takes it for a server";
  here = site(Site::Kind::own, "http://wstap.ca/");
  EXPECT_EQ(of("GET /", "Host: anything\r\n").kind, Kind::own_site);
  here = site(Site::Kind::upstream, "http://origin.example/");
  EXPECT_EQ(of("GET /", "Host: wstap.ca\r\n").kind, Kind::upstream) << "that name is the server's own affair";
}

// TLS-3
TEST_F(HttpRoute, ToAServerThatIsNotTrustedEndsHere) {
  here = site(Site::Kind::tunnel, "https://origin.example/");
  here.failure = "certificate not trusted";
  const auto found = of("GET /chat");
  EXPECT_EQ(found.kind, Kind::unreachable);
  EXPECT_EQ(found.status, 502);
  EXPECT_EQ(found.reason, here.failure);
  EXPECT_EQ(server(found), "https://origin.example:443");
}

}  // namespace
}  // namespace wstap::net

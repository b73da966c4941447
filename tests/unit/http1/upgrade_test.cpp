// SPDX-License-Identifier: Apache-2.0
// Which heads open a WebSocket (UPG-1), and what a head loses on its way from one leg to the other (UPG-4).
#include "libcore/http1/upgrade.h"

#include <gtest/gtest.h>

#include "tests/support/http_heads.h"

namespace wstap::http1 {
namespace {

struct Tokens {
  const char* name;
  const char* fields;
  bool upgrade;
};

std::string tokens_name(const testing::TestParamInfo<Tokens>& row) {
  return row.param.name;
}

class UpgradeTokens : public testing::TestWithParam<Tokens> {};

// UPG-1
TEST_P(UpgradeTokens, DecideOverARequest) {
  const auto head =
      test::request(std::string("GET /chat HTTP/1.1\r\nHost: a\r\n") + GetParam().fields + "\r\n");
  EXPECT_EQ(is_websocket_upgrade(head), GetParam().upgrade);
}

// UPG-1
TEST_P(UpgradeTokens, DecideOverA101AndNoOtherStatus) {
  const auto answer = [](const char* status) {
    return completes_websocket_upgrade(
        test::response(std::string("HTTP/1.1 ") + status + " x\r\n" + GetParam().fields + "\r\n"));
  };
  EXPECT_EQ(answer("101"), GetParam().upgrade);
  for (const char* other : {"100", "200", "301", "400", "426"}) EXPECT_FALSE(answer(other)) << other;
}

INSTANTIATE_TEST_SUITE_P(
    Upg1, UpgradeTokens,
    testing::Values(
        Tokens{"Plain", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true},
        Tokens{"AnyOrder", "Upgrade: websocket\r\nConnection: Upgrade\r\n", true},
        Tokens{"AnyCase", "CONNECTION: uPGRADE\r\nupgrade: WebSocket\r\n", true},
        Tokens{"ConnectionList", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true},
        Tokens{"ListWithoutSpaces", "Connection: keep-alive,Upgrade,x\r\nUpgrade: h2c,websocket\r\n", true},
        Tokens{"ListWithTabs", "Connection:\tkeep-alive\t,\tUpgrade\t\r\nUpgrade:\twebsocket\t\r\n", true},
        Tokens{"EmptyElements", "Connection: ,, Upgrade,\r\nUpgrade: ,websocket,,\r\n", true},
        Tokens{"RepeatedConnection",
               "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", true},
        Tokens{"RepeatedUpgrade", "Connection: Upgrade\r\nUpgrade: h2c\r\nX: y\r\nUpgrade: websocket\r\n",
               true},
        Tokens{"QuotedComma", "Connection: x=\"a,b\", Upgrade\r\nUpgrade: websocket\r\n", true},
        Tokens{"Neither", "", false},  //
        Tokens{"NoConnection", "Upgrade: websocket\r\n", false},
        Tokens{"NoUpgrade", "Connection: Upgrade\r\n", false},
        Tokens{"OtherOption", "Connection: close\r\nUpgrade: websocket\r\n", false},
        Tokens{"OtherProtocol", "Connection: Upgrade\r\nUpgrade: h2c\r\n", false},
        Tokens{"OptionIsPartOfAWord", "Connection: Upgrade-Insecure\r\nUpgrade: websocket\r\n", false},
        Tokens{"ProtocolIsPartOfAWord", "Connection: Upgrade\r\nUpgrade: websockets\r\n", false},
        Tokens{"ProtocolWithVersion", "Connection: Upgrade\r\nUpgrade: websocket/13\r\n", false},
        Tokens{"SpaceInsteadOfComma", "Connection: keep-alive Upgrade\r\nUpgrade: websocket\r\n", false},
        Tokens{"InsideQuotes", "Connection: \"x, Upgrade\"\r\nUpgrade: websocket\r\n", false},
        Tokens{"TokensSwapped", "Connection: websocket\r\nUpgrade: upgrade\r\n", false},
        Tokens{"OtherFieldNames", "Proxy-Connection: Upgrade\r\nX-Upgrade: websocket\r\n", false}),
    tokens_name);

// UPG-1: it is the tokens that count, not the method.
TEST(IsWebsocketUpgrade, DoesNotAskForTheMethod) {
  EXPECT_TRUE(is_websocket_upgrade(
      test::request("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")));
}

/// The head after address_to_origin, with the URL of its target when that is absolute.
std::string addressed(const std::string& text) {
  auto head = test::request(text);
  if (!is_absolute_form(head.target)) {
    address_to_origin(head, nullptr);
  } else {
    const auto url = parse_url(head.target);
    if (!url) return url.error().text();
    address_to_origin(head, &*url);
  }
  return head.text();
}

// UPG-4
TEST(AddressToOrigin, AbsoluteFormBecomesOriginForm) {
  EXPECT_EQ(addressed("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n"),
            "GET /b?c HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(addressed("GET ws://a HTTP/1.1\r\nHost: a\r\n\r\n"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(addressed("GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /?b HTTP/1.1\r\nHost: a\r\n\r\n");
}

// UPG-4
TEST(AddressToOrigin, HostFollowsTheTargetInItsPlaceAndSpelling) {
  EXPECT_EQ(addressed("GET http://b:81/ HTTP/1.1\r\nX: 1\r\nhOST:a\r\nY:  2\r\n\r\n"),
            "GET / HTTP/1.1\r\nX: 1\r\nhOST: b:81\r\nY:  2\r\n\r\n");
  EXPECT_EQ(addressed("GET http://B.Example/ HTTP/1.0\r\nX: 1\r\n\r\n"),
            "GET / HTTP/1.0\r\nX: 1\r\nHost: B.Example\r\n\r\n");
  EXPECT_EQ(addressed("GET http://[::1]:8080/ HTTP/1.1\r\nHost: a\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
}

// UPG-4
TEST(AddressToOrigin, AHostThatNamesTheTargetAlreadyStaysAsItIsWritten) {
  EXPECT_EQ(addressed("GET http://a:80/ HTTP/1.1\r\nhost:  a:80 \r\n\r\n"),
            "GET / HTTP/1.1\r\nhost:  a:80 \r\n\r\n");
}

// RFC 9112 3.2.4
TEST(AddressToOrigin, OptionsForAWholeServerBecomesAsterisk) {
  EXPECT_EQ(addressed("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(addressed("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
            "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(addressed("OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n"),
            "OPTIONS /?b HTTP/1.1\r\nHost: a\r\n\r\n");
}

// UPG-4
TEST(AddressToOrigin, TakesAwayWhatIsForTheProxyAndNothingElse) {
  EXPECT_EQ(
      addressed("GET / HTTP/1.1\r\nhost:a\r\nProxy-Authorization: Basic eDp5\r\nAuthorization: Basic eDp5\r\n"
                "proxy-connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Proxy-Status:  x\r\n\r\n"),
      "GET / HTTP/1.1\r\nhost:a\r\nAuthorization: Basic eDp5\r\n"
      "Connection: Upgrade\r\nUpgrade: websocket\r\nProxy-Status:  x\r\n\r\n");
}

/// The fields of a request after strip_hop_by_hop; checks that a response's go the same way.
std::string stripped(const std::string& fields) {
  auto asked = test::request("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  strip_hop_by_hop(asked);
  auto answered = test::response("HTTP/1.1 200 OK\r\nHost: a\r\n" + fields + "\r\n");
  strip_hop_by_hop(answered);
  const auto text = asked.text();
  EXPECT_EQ(text.substr(text.find('\n') + 1), answered.text().substr(answered.text().find('\n') + 1));
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(text.substr(0, start.size()), start);
  return text.substr(start.size(), text.size() - start.size() - 2);
}

// UPG-4
TEST(StripHopByHop, LeavesAnOrdinaryHeadAsItIs) {
  for (const std::string fields :
       {"", "Accept:  */* \r\nX: y\r\n", "connection:close\r\n",
        "Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n", "Connection: keep-alive , close\r\n",
        "TE: trailers\r\nTrailer: X\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length:  5\r\n",
        "Via: 1.1 x\r\n"})
    EXPECT_EQ(stripped(fields), fields);
}

// UPG-4
TEST(StripHopByHop, TakesTheFieldsThatConnectionNamesWithTheirNames) {
  EXPECT_EQ(stripped("X-A: 1\r\nConnection: x-a, close\r\nX-B: 2\r\n"), "Connection: close\r\nX-B: 2\r\n");
  EXPECT_EQ(stripped("Connection: X-A\r\nx-a: 1\r\nX-A: 2\r\nX-AB: 3\r\n"), "X-AB: 3\r\n");
  EXPECT_EQ(stripped("Connection: keep-alive\r\nConnection: TE\r\nTE: trailers\r\n"),
            "Connection: keep-alive\r\n");
}

// UPG-4
TEST(StripHopByHop, TakesOffersOfOtherProtocols) {
  EXPECT_EQ(
      stripped("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nX: y\r\n"),
      "X: y\r\n");
  EXPECT_EQ(stripped("Upgrade: h2c\r\nX: y\r\n"), "X: y\r\n");
  EXPECT_EQ(stripped("Proxy-Connection: keep-alive\r\nX: y\r\n"), "X: y\r\n");
}

// UPG-9: otherwise Connection could take away what frames and addresses the message.
TEST(StripHopByHop, ConnectionCannotTakeFramingOrHostAway) {
  for (const std::string name : {"Content-Length", "Transfer-Encoding", "Host", "Date"}) {
    const auto fields = "Connection: close, " + name + "\r\nContent-Length: 5\r\nDate: x\r\n";
    EXPECT_EQ(stripped(fields), fields) << name;
  }
  EXPECT_EQ(stripped("Connection: X, Content-Length\r\nContent-Length: 5\r\nX: y\r\n"),
            "Content-Length: 5\r\n");
}

TEST(StripHopByHop, EmptyOptionsNameNothing) {
  EXPECT_EQ(stripped("Connection: ,close,\r\n"), "Connection: ,close,\r\n");
  auto head =
      test::request("GET / HTTP/1.1\r\nHost: a\r\nConnection: ,\r\nno colon\r\n\r\n", Strictness::lenient);
  const auto before = head.text();
  strip_hop_by_hop(head);
  EXPECT_EQ(head.text(), before);
}

// UPG-4
TEST(StripHopByHop, OnlyAResponseLosesProxyAuthenticate) {
  auto answered =
      test::response("HTTP/1.1 407 x\r\nproxy-authenticate: Basic\r\nWWW-Authenticate: Basic\r\n\r\n");
  strip_hop_by_hop(answered);
  EXPECT_EQ(answered.text(), "HTTP/1.1 407 x\r\nWWW-Authenticate: Basic\r\n\r\n");
}

}  // namespace
}  // namespace wstap::http1

// SPDX-License-Identifier: Apache-2.0
// Both legs as the proxy sets them up: what is shown to clients, what is asked of upstreams, and what is
// known afterwards (TLS-1, TLS-3, TLS-4, TLS-6).
#include "libcore/tls/interception.h"

#include <gmock/gmock.h>

#include "libcore/tls/errors.h"
#include "tests/unit/tls/channel_fixture.h"
#include "tests/unit/tls/openssl_peer.h"

namespace wstap::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr UnixNs kDay = 86'400LL * 1'000'000'000;

class InterceptionTest : public ChannelFixture {
 protected:
  /// Lets `asking` connect to `host`, and a server answer with a leaf for `shown`.
  struct Outcome {
    ChannelStatus status;
    std::unique_ptr<Channel> client, server;
  };
  Outcome meet(const Interception& asking, const std::string& host, const std::string& shown,
               std::vector<std::string> others = {}, UnixNs minted_at = now()) {
    to_server_ = to_client_ = {};
    Outcome outcome{ChannelStatus::ok, value_or_throw(asking.connect(client_wire_, host, {})),
                    value_or_throw(tls_.accept(server_wire_, shown, std::move(others), {}, minted_at))};
    outcome.status = shake_hands(*outcome.client, *outcome.server).first;
    return outcome;
  }
  Outcome meet(const std::string& host, const std::string& shown, std::vector<std::string> others = {}) {
    return meet(tls_, host, shown, std::move(others));
  }

  /// The protocol that both agree on; the same on both sides.
  std::string agreed(const std::vector<std::string>& offered, std::vector<std::string> ours) {
    to_server_ = to_client_ = {};
    const auto left = client(offered), right = server(std::move(ours));
    EXPECT_EQ(shake_hands(*left, *right), std::pair(ChannelStatus::ok, ChannelStatus::ok));
    EXPECT_EQ(left->facts().alpn, right->facts().alpn);
    return left->facts().alpn;
  }
};

// TLS-1, TLS-3
TEST_F(InterceptionTest, ALeafIsTrustedForItsNamesAndAddresses) {
  EXPECT_EQ(meet("a.example", "a.example").status, ChannelStatus::ok);
  EXPECT_EQ(meet("b.example", "a.example", {"b.example", "10.0.0.1"}).status, ChannelStatus::ok);
  EXPECT_EQ(meet("x.b.example", "a.example", {"*.b.example"}).status, ChannelStatus::ok);
  EXPECT_EQ(meet("127.0.0.1", "127.0.0.1").status, ChannelStatus::ok);
  EXPECT_EQ(meet("::1", "::1").status, ChannelStatus::ok);
  EXPECT_EQ(meet("10.0.0.1", "a.example", {"10.0.0.1"}).status, ChannelStatus::ok);
}

// TLS-3: a verification that fails says why.
TEST_F(InterceptionTest, AnotherNameOrAddressIsNotTrusted) {
  const std::pair<const char*, const char*> rows[] = {
      {"b.example", "hostname mismatch"},   {"a.example.org", "hostname mismatch"},
      {"x.a.example", "hostname mismatch"}, {"127.0.0.1", "IP address mismatch"},
      {"::1", "IP address mismatch"},
  };
  for (const auto& [host, why] : rows) {
    SCOPED_TRACE(host);
    const auto outcome = meet(host, "a.example", {"127.0.0.2"});
    EXPECT_EQ(outcome.status, ChannelStatus::failed);
    EXPECT_EQ(outcome.client->error().code, Errc::not_trusted);
    EXPECT_THAT(outcome.client->error().detail, HasSubstr(why));
  }
}

// TLS-3
TEST_F(InterceptionTest, AnExpiredLeafIsNotTrusted) {
  const auto outcome = meet(tls_, "a.example", "a.example", {}, now() - 30 * kDay);
  EXPECT_EQ(outcome.status, ChannelStatus::failed);
  EXPECT_EQ(outcome.client->error().code, Errc::not_trusted);
  EXPECT_THAT(outcome.client->error().detail, HasSubstr("expired"));
}

// TLS-3
TEST_F(InterceptionTest, TheSystemsStoreDoesNotTrustAnAuthorityOfOnesOwn) {
  const auto strict = value_or_throw(Interception::make(authority_in(dir_ / "ca"), {}));
  const auto outcome = meet(strict, "a.example", "a.example");
  EXPECT_EQ(outcome.status, ChannelStatus::failed);
  EXPECT_EQ(outcome.client->error().code, Errc::not_trusted);
  EXPECT_THAT(outcome.client->error().detail, HasSubstr("unable to get local issuer"));
}

// TLS-3
TEST_F(InterceptionTest, InsecureTakesWhateverIsShown) {
  const auto insecure = value_or_throw(Interception::make(authority_in(dir_ / "ca"), {.insecure = true}));
  EXPECT_EQ(meet(insecure, "b.example", "a.example").status, ChannelStatus::ok);
  EXPECT_EQ(meet(insecure, "127.0.0.1", "a.example", {}, now() - 30 * kDay).status, ChannelStatus::ok);
}

TEST_F(InterceptionTest, NoServerAndNoLeafCanHaveAnImpossibleName) {
  for (const std::string& host : {std::string(), std::string(300, 'a')}) {
    const auto channel = tls_.connect(client_wire_, host, {});
    ASSERT_FALSE(channel.has_value()) << "its certificate's names would not be checked";
    EXPECT_EQ(channel.error().code, Errc::openssl);
  }
  for (const std::string& name :
       {std::string(), std::string(254, 'a'), std::string("a b"), std::string("a\nb")})
    EXPECT_FALSE(tls_.accept(server_wire_, name, {}, {}, now()).has_value());
}

// TLS-4
TEST_F(InterceptionTest, FactsOfBothLegs) {
  const auto outcome = meet("a.example", "a.example", {"b.example"});
  const auto asked = outcome.client->facts();
  EXPECT_EQ(asked.version, "TLSv1.3");
  EXPECT_THAT(asked.cipher, testing::StartsWith("TLS_"));
  EXPECT_EQ(asked.alpn, "");
  EXPECT_EQ(asked.sni, "a.example");
  ASSERT_TRUE(asked.certificate.has_value());
  EXPECT_EQ(asked.certificate->subject, "CN=a.example");
  EXPECT_EQ(asked.certificate->issuer, tls_.authority().facts().subject);
  EXPECT_THAT(asked.certificate->names, ElementsAre("a.example", "b.example"));
  EXPECT_LT(asked.certificate->not_before_ns, now());
  EXPECT_GT(asked.certificate->not_after_ns, now());
  EXPECT_EQ(asked.certificate->sha256.size(), 64U);

  const auto answered = outcome.server->facts();
  EXPECT_EQ(answered.version, asked.version);
  EXPECT_EQ(answered.cipher, asked.cipher);
  EXPECT_EQ(answered.sni, "a.example");
  EXPECT_FALSE(answered.certificate.has_value()) << "its own certificate is no fact about the client";
}

// RFC 6066 section 3: an address is no server name.
TEST_F(InterceptionTest, AnAddressIsNotSentAsServerName) {
  EXPECT_EQ(meet("127.0.0.1", "127.0.0.1").server->facts().sni, "");
}

// TLS-6
TEST_F(InterceptionTest, AlpnIsTheFirstOfOursThatIsOffered) {
  EXPECT_EQ(agreed({"h2", "http/1.1"}, {"http/1.1"}), "http/1.1");
  EXPECT_EQ(agreed({"http/1.1", "h2"}, {"h2", "http/1.1"}), "h2");
  EXPECT_EQ(agreed({"http/1.1"}, {"h2", "http/1.1"}), "http/1.1");
}

// TLS-6: nothing in common is no reason to refuse.
TEST_F(InterceptionTest, AlpnIsEmptyWithoutAnOfferAnAnswerOrAMatch) {
  EXPECT_EQ(agreed({}, {"http/1.1"}), "");
  EXPECT_EQ(agreed({"http/1.1"}, {}), "");
  EXPECT_EQ(agreed({"h2"}, {"http/1.1"}), "");
  EXPECT_EQ(agreed({"http/1.1"}, {"http/1.0", "http"}), "") << "a part of a name is no match";
  EXPECT_EQ(agreed({"http", "http/1.10"}, {"http/1.1"}), "");
}

TEST_F(InterceptionTest, Tls12PeersAreServedToo) {
  OpensslPeer peer(TLS1_2_VERSION);
  SSL_set_tlsext_host_name(peer.ssl(), kHost);
  const auto right = server();
  for (int turn = 0; turn < 5; ++turn) {
    SSL_do_handshake(peer.ssl());
    peer.exchange(to_server_, to_client_);
    right->handshake(scratch());
  }
  EXPECT_EQ(SSL_is_init_finished(peer.ssl()), 1);
  const auto facts = right->facts();
  EXPECT_EQ(facts.version, "TLSv1.2");
  EXPECT_THAT(facts.cipher, HasSubstr("_ECDSA_")) << "the IANA name, for a P-256 leaf";
  EXPECT_EQ(facts.sni, kHost);
}

// TLS-1
TEST_F(InterceptionTest, ConnectionsToOneNameShareALeaf) {
  const auto sha256 = [&](const char* host, const char* shown) {
    return meet(host, shown).client->facts().certificate->sha256;
  };
  const auto first = sha256("a.example", "a.example");
  EXPECT_EQ(sha256("a.example", "a.example"), first);
  EXPECT_NE(sha256("b.example", "b.example"), first);
}

TEST_F(InterceptionTest, IsMadeAgainAfterAMove) {
  auto moved = std::move(tls_);
  tls_ = std::move(moved);
  EXPECT_EQ(meet("a.example", "a.example").status, ChannelStatus::ok);
}

TEST_F(InterceptionTest, AFileToTrustThatIsNoneIsNamed) {
  test::write_file(dir_ / "garbage", "no certificate here");
  for (const auto& path : {dir_ / "garbage", dir_ / "missing", dir_.path()}) {
    const auto made = Interception::make(authority_in(dir_ / "ca"), {.upstream_ca = path});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Errc::bad_file);
    EXPECT_THAT(made.error().detail, HasSubstr(path));
  }
}

TEST_F(InterceptionTest, AKeyLogThatCannotBeOpenedIsNamed) {
  const auto path = dir_ / "missing/keys.log";
  const auto made = Interception::make(authority_in(dir_ / "ca"), {.key_logs = {path}});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, std::errc::no_such_file_or_directory);
  EXPECT_EQ(made.error().detail, path);
}

/// The lines of `text`, sorted.
std::vector<std::string> sorted_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// TLS-6
TEST_F(InterceptionTest, TheSecretsOfBothLegsGoToEveryKeyLogReadableByTheOwnerOnly) {
  const auto one = dir_ / "one.log", two = dir_ / "two.log";
  tls_ = value_or_throw(Interception::make(
      authority_in(dir_ / "ca"), {.upstream_ca = dir_ / "ca/wstap-ca.pem", .key_logs = {one, two}}));
  connected();
  EXPECT_EQ(test::mode_of(one), 0600U);
  EXPECT_EQ(test::read_file(one), test::read_file(two));
  const auto lines = sorted_lines(test::read_file(one));
  // Both ends are wstap's own here, so that each secret is there twice.
  ASSERT_EQ(lines.size() % 2, 0U);
  for (std::size_t i = 0; i < lines.size(); i += 2) {
    EXPECT_EQ(lines[i], lines[i + 1]);
    EXPECT_THAT(lines[i], testing::ContainsRegex("^[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]+$"));
  }
  for (const char* label : {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                            "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"})
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [&](const auto& line) { return line.starts_with(std::string(label) + " "); }),
              2)
        << label;
}

}  // namespace
}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// What a channel makes of peers that break the rules, break off, or ask for what is not on offer.
#include <gmock/gmock.h>

#include "libcore/tls/certificate.h"
#include "libcore/tls/channel.h"
#include "libcore/tls/errors.h"
#include "tests/unit/tls/channel_fixture.h"
#include "tests/unit/tls/openssl_peer.h"

namespace wstap::tls {
namespace {

using testing::HasSubstr;

class ChannelFaults : public ChannelFixture {
 protected:
  /// Lets OpenSSL and a channel finish their handshake. @param from, to  as the peer sees them.
  void shake_hands_with(OpensslPeer& peer, Channel& channel, test::Tube& from, test::Tube& to) {
    for (int turn = 0; turn < 10; ++turn) {
      channel.handshake(scratch());
      SSL_do_handshake(peer.ssl());
      peer.exchange(from, to);
    }
    ASSERT_EQ(SSL_is_init_finished(peer.ssl()), 1);
    ASSERT_EQ(channel.handshake(scratch()).status, ChannelStatus::ok);
  }
  void shake_hands_with(OpensslPeer& client, Channel& server) {
    shake_hands_with(client, server, to_server_, to_client_);
  }
};

TEST_F(ChannelFaults, BytesThatAreNoTlsFailTheHandshake) {
  const auto right = server();
  append(to_server_.bytes, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(right->handshake(scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(right->error().code, Errc::handshake_failed);
  EXPECT_FALSE(right->error().detail.empty());
}

TEST_F(ChannelFaults, APeerThatGoesAwayFailsTheHandshakeByName) {
  const auto left = client(), right = server();
  left->handshake(scratch());
  to_server_.bytes.resize(to_server_.bytes.size() / 2);
  EXPECT_EQ(right->handshake(scratch()).status, ChannelStatus::want_read);
  to_server_.ended = true;
  EXPECT_EQ(right->handshake(scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(right->error().code, Errc::refused);
  EXPECT_EQ(right->error().detail, "it closed the connection");
}

TEST_F(ChannelFaults, AFaultOfTheWireIsAReset) {
  const auto left = client();
  to_client_.broken = true;
  EXPECT_EQ(left->handshake(scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(left->error().code, std::errc::connection_reset);
}

TEST_F(ChannelFaults, AResetWhileReadingOrWritingIsFailedAndStaysSo) {
  const auto pair = connected();
  to_server_.broken = true;
  Buffer room(10);
  EXPECT_EQ(pair.server->read(room, scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(pair.server->error().code, std::errc::connection_reset);
  EXPECT_EQ(pair.server->read(room, scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(pair.client->write(as_bytes("x"), scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(pair.client->error().code, std::errc::connection_reset);
}

TEST_F(ChannelFaults, WhatCameBeforeAFailedSendIsStillRead) {
  const auto pair = connected();
  write_all(*pair.server, as_bytes("before the reset"));
  to_server_.broken = true;
  EXPECT_EQ(pair.client->write(as_bytes("x"), scratch()).status, ChannelStatus::failed);
  Buffer room(100);
  const auto got = pair.client->read(room, scratch());
  EXPECT_EQ(got.status, ChannelStatus::ok);
  EXPECT_EQ(test::text(Bytes(room).first(got.bytes)), "before the reset");
}

TEST_F(ChannelFaults, FlushSaysWhenTheWireBroke) {
  const auto pair = connected();
  to_server_.capacity = 0;
  pair.client->write(as_bytes("x"), scratch());
  EXPECT_NE(pair.client->unsent(), 0U);
  to_server_.broken = true;
  EXPECT_EQ(pair.client->flush().status, ChannelStatus::failed);
  EXPECT_EQ(pair.client->error().code, std::errc::connection_reset);
}

TEST_F(ChannelFaults, AChangedByteIsNotDecrypted) {
  const auto pair = connected();
  write_all(*pair.client, as_bytes("good"));
  write_all(*pair.client, as_bytes("bad"));
  to_server_.bytes.back() ^= std::byte{1};
  Buffer room(100);
  const auto got = pair.server->read(room, scratch());
  EXPECT_EQ(test::text(Bytes(room).first(got.bytes)), "good");
  EXPECT_TRUE(pair.server->ended());
  EXPECT_EQ(pair.server->read(room, scratch()).status, ChannelStatus::failed);
  EXPECT_EQ(pair.server->error().code, Errc::handshake_failed);
  EXPECT_NE(to_client_.bytes.size(), 0U) << "the peer is told by an alert";
}

TEST_F(ChannelFaults, AFailedHandshakeTellsThePeerWhy) {
  test::TempDir other;
  const auto stranger = value_or_throw(
      Interception::make(authority_in(other / "ca"), {.upstream_ca = other / "ca/wstap-ca.pem"}));
  const auto left = value_or_throw(stranger.connect(client_wire_, kHost, {}));
  const auto right = server();
  const auto [a, b] = shake_hands(*left, *right);
  EXPECT_EQ(a, ChannelStatus::failed);
  EXPECT_EQ(left->error().code, Errc::not_trusted);
  Buffer room(10);
  const auto got = b == ChannelStatus::ok ? right->read(room, scratch()) : ChannelResult{b, 0};
  EXPECT_EQ(got.status, ChannelStatus::failed);
  EXPECT_EQ(right->error().code, Errc::refused);
  EXPECT_THAT(right->error().detail, HasSubstr("unknown ca"));
}

TEST_F(ChannelFaults, AClientThatRenegotiatesIsRefused) {
  OpensslPeer peer(TLS1_2_VERSION);
  const auto right = server();
  shake_hands_with(peer, *right);
  ASSERT_EQ(right->facts().version, "TLSv1.2");

  ERR_clear_error();
  SSL_renegotiate(peer.ssl());
  SSL_do_handshake(peer.ssl());
  peer.exchange(to_server_, to_client_);
  ChannelStatus last{};
  EXPECT_TRUE(read_all(*right, last).empty());
  EXPECT_EQ(last, ChannelStatus::want_read) << "refused, not fatal";
  peer.exchange(to_server_, to_client_);
  EXPECT_LE(SSL_do_handshake(peer.ssl()), 0);
  EXPECT_EQ(OpensslPeer::error_reason(), SSL_R_NO_RENEGOTIATION);
}

TEST_F(ChannelFaults, AServerThatAsksForRenegotiationIsRefused) {
  const auto key = new_p256_key();
  const auto shown = value_or_throw(
      issue({"a", {"a"}, now(), now() + 1'000'000'000'000, false}, key.get(), nullptr, key.get()));
  OpensslPeer peer(TLS1_2_VERSION, shown.get(), key.get());
  const auto insecure = value_or_throw(Interception::make(authority_in(dir_ / "ca"), {.insecure = true}));
  const auto left = value_or_throw(insecure.connect(client_wire_, "a", {}));
  shake_hands_with(peer, *left, to_client_, to_server_);

  SSL_renegotiate(peer.ssl());
  SSL_do_handshake(peer.ssl());  // HelloRequest
  peer.exchange(to_client_, to_server_);
  ASSERT_FALSE(to_client_.bytes.empty());
  ChannelStatus last{};
  EXPECT_TRUE(read_all(*left, last).empty());
  EXPECT_EQ(last, ChannelStatus::want_read);
  // One short record: the alert, and no ClientHello.
  EXPECT_LT(to_server_.bytes.size(), 100U);
  EXPECT_EQ(to_server_.bytes.at(0), std::byte{21});
}

TEST_F(ChannelFaults, Tls11IsRefused) {
  OpensslPeer peer(TLS1_1_VERSION);
  SSL_set_security_level(peer.ssl(), 0);
  SSL_set_min_proto_version(peer.ssl(), TLS1_VERSION);
  const auto right = server();
  SSL_do_handshake(peer.ssl());
  peer.exchange(to_server_, to_client_);
  EXPECT_EQ(right->handshake(scratch()).status, ChannelStatus::failed);
  EXPECT_THAT(right->error().detail, HasSubstr("unsupported protocol"));
}

// RFC 8446 4.6.3
TEST_F(ChannelFaults, KeyUpdatesAreFollowedAndAnswered) {
  OpensslPeer peer(TLS1_3_VERSION);
  const auto right = server();
  shake_hands_with(peer, *right);
  for (const char letter : {'a', 'b', 'c'}) {
    SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED);
    SSL_write(peer.ssl(), &letter, 1);
    peer.exchange(to_server_, to_client_);
    ChannelStatus last{};
    EXPECT_EQ(test::text(read_all(*right, last)), std::string(1, letter));
    EXPECT_EQ(last, ChannelStatus::want_read);
    write_all(*right, as_bytes(std::string_view(&letter, 1)));
    peer.exchange(to_server_, to_client_);
    char got = 0;
    EXPECT_EQ(SSL_read(peer.ssl(), &got, 1), 1);
    EXPECT_EQ(got, letter);
  }
}

}  // namespace
}  // namespace wstap::tls

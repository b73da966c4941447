// SPDX-License-Identifier: Apache-2.0
// TLS over a byte stream that takes and gives as little as it likes: everything arrives, in order, once.
#include "libcore/tls/channel.h"

#include <gmock/gmock.h>

#include "tests/unit/tls/channel_fixture.h"

namespace wstap::tls {
namespace {

struct Weather {
  const char* name;
  std::size_t capacity, most_received;
  bool stutters;
};

class ChannelWeather : public ChannelFixture, public testing::WithParamInterface<Weather> {
 protected:
  ChannelWeather() {
    for (auto* tube : {&to_server_, &to_client_}) {
      tube->capacity = GetParam().capacity;
      tube->most_received = GetParam().most_received;
      tube->stutters = GetParam().stutters;
    }
  }
};

/// One side's duty: to send something, and to receive what the other sends.
struct Duty {
  Channel& channel;
  Bytes to_send;
  Buffer received{};
  bool finished = false;

  void take_turn(Scratch scratch) {
    // An empty write sends on what the wire did not take.
    const auto put = channel.write(to_send, scratch);
    EXPECT_TRUE(put.status == ChannelStatus::ok || put.status == ChannelStatus::want_write);
    to_send = to_send.subspan(put.bytes);
    if (to_send.empty() && channel.unsent() == 0 && !std::exchange(finished, true))
      channel.shutdown_send(scratch);
    Buffer room(1000);
    const auto got = channel.read(room, scratch);
    append(received, Bytes(room).first(got.bytes));
  }
};

TEST_P(ChannelWeather, CarriesBothDirectionsWholeAndEndsThem) {
  const auto there = test::random_bytes(50'000, 1);
  const auto back = test::random_bytes(40'000, 2);
  const auto pair = connected();
  Duty left{*pair.client, there}, right{*pair.server, back};
  for (int turn = 0; turn < 2'000'000 && !(pair.client->ended() && pair.server->ended()); ++turn) {
    left.take_turn(scratch());
    right.take_turn(scratch());
  }
  EXPECT_EQ(left.received, back);
  EXPECT_EQ(right.received, there);
  Buffer room(1);
  EXPECT_EQ(pair.client->read(room, scratch()).status, ChannelStatus::eof);
  EXPECT_EQ(pair.server->read(room, scratch()).status, ChannelStatus::eof);
}

INSTANTIATE_TEST_SUITE_P(Wires, ChannelWeather,
                         testing::Values(Weather{"Wide", SIZE_MAX, SIZE_MAX, false},
                                         Weather{"Stuttering", SIZE_MAX, SIZE_MAX, true},
                                         Weather{"OneByteOfRoom", 1, SIZE_MAX, false},
                                         Weather{"OneByteAtATime", SIZE_MAX, 1, false},
                                         Weather{"SmallAndStuttering", 7, 3, true},
                                         Weather{"AboutARecord", 16'400, 16'000, true}),
                         [](const auto& row) { return std::string(row.param.name); });

class ChannelTest : public ChannelFixture {};

TEST_F(ChannelTest, ReadsOfAnySizeGiveTheSameBytes) {
  const auto sent = test::random_bytes(40'000, 3);
  for (const std::size_t room : {1UL, 100UL, 16'384UL, 16'385UL, 100'000UL}) {
    SCOPED_TRACE(room);
    to_server_ = to_client_ = {};
    const auto pair = connected();
    write_all(*pair.client, sent);
    ChannelStatus last{};
    EXPECT_EQ(read_all(*pair.server, last, room), sent);
    EXPECT_EQ(last, ChannelStatus::want_read);
  }
}

TEST_F(ChannelTest, WhatTheClientSaysWithItsLastHandshakeMessageIsRead) {
  const auto left = client(), right = server();
  left->handshake(scratch());
  right->handshake(scratch());
  ASSERT_EQ(left->handshake(scratch()).status, ChannelStatus::ok);
  write_all(*left, as_bytes("early"));
  ASSERT_EQ(right->handshake(scratch()).status, ChannelStatus::ok);
  EXPECT_TRUE(to_server_.bytes.empty()) << "the handshake took it off the wire";
  ChannelStatus last{};
  EXPECT_EQ(test::text(read_all(*right, last)), "early");
}

TEST_F(ChannelTest, AHandshakeIsNotDoneWhileItsLastMessageWaits) {
  const auto left = client(), right = server();
  left->handshake(scratch());
  right->handshake(scratch());
  to_server_.capacity = 10;
  EXPECT_EQ(left->handshake(scratch()).status, ChannelStatus::want_write);
  EXPECT_EQ(left->handshake(scratch()).status, ChannelStatus::want_write);
  to_server_.capacity = SIZE_MAX;
  EXPECT_EQ(left->handshake(scratch()).status, ChannelStatus::ok);
  EXPECT_EQ(left->unsent(), 0U);
  EXPECT_EQ(right->handshake(scratch()).status, ChannelStatus::ok);
}

TEST_F(ChannelTest, AFlightLongerThanTheScratchIsKept) {
  const auto left = client(), right = server();
  Buffer in(32 * 1024), out(50);
  auto status = ChannelStatus::want_read;
  for (int turn = 0; turn < 10 && status != ChannelStatus::ok; ++turn) {
    left->handshake({in, out});
    status = right->handshake({in, out}).status;
  }
  EXPECT_EQ(status, ChannelStatus::ok);
}

TEST_F(ChannelTest, PreloadedCiphertextComesBeforeTheWires) {
  const auto left = client(), right = server();
  left->handshake(scratch());
  right->preload(std::exchange(to_server_.bytes, {}));
  const auto [a, b] = shake_hands(*left, *right);
  EXPECT_EQ(a, ChannelStatus::ok);
  EXPECT_EQ(b, ChannelStatus::ok);
}

TEST_F(ChannelTest, PreloadMayHoldPartOfTheHello) {
  for (std::size_t cut = 0; cut < 300; cut += 13) {
    SCOPED_TRACE(cut);
    to_server_ = to_client_ = {};
    const auto left = client(), right = server();
    left->handshake(scratch());
    auto hello = std::exchange(to_server_.bytes, {});
    right->preload(Bytes(hello).first(cut));
    append(to_server_.bytes, Bytes(hello).subspan(cut));
    EXPECT_EQ(shake_hands(*left, *right).second, ChannelStatus::ok);
  }
}

TEST_F(ChannelTest, WriteTakesWhatItEncryptsAndCountsWhatTheWireDidNotTake) {
  const auto pair = connected();
  const auto sent = test::random_bytes(30'000, 4);
  to_server_.capacity = 10'000;
  const auto put = pair.client->write(sent, scratch());
  EXPECT_EQ(put.status, ChannelStatus::ok);
  EXPECT_EQ(put.bytes, sent.size());
  EXPECT_EQ(to_server_.bytes.size(), 10'000U);
  const auto unsent = pair.client->unsent();
  EXPECT_GE(unsent, 20'000U) << "ciphertext is longer than its plaintext";

  const auto more = pair.client->write(as_bytes("more"), scratch());
  EXPECT_EQ(more.status, ChannelStatus::want_write);
  EXPECT_EQ(more.bytes, 0U) << "nothing is taken while something is unsent";
  EXPECT_EQ(pair.client->flush().status, ChannelStatus::want_write);
  EXPECT_EQ(pair.client->unsent(), unsent);

  to_server_.capacity = 15'000;
  EXPECT_EQ(pair.client->flush().status, ChannelStatus::want_write);
  EXPECT_EQ(pair.client->unsent(), unsent - 5'000);
  to_server_.capacity = SIZE_MAX;
  EXPECT_EQ(pair.client->flush().status, ChannelStatus::ok);
  EXPECT_EQ(pair.client->unsent(), 0U);
  ChannelStatus last{};
  EXPECT_EQ(read_all(*pair.server, last), sent);
}

TEST_F(ChannelTest, WriteTakesNoMoreThanTheScratchHolds) {
  const auto pair = connected();
  Buffer in(32 * 1024), out(64 * 1024);
  const auto sent = test::random_bytes(200'000, 5);
  const auto put = pair.client->write(sent, {in, out});
  EXPECT_EQ(put.status, ChannelStatus::ok);
  EXPECT_GE(put.bytes, 32U * 1024);
  EXPECT_LE(put.bytes, 64U * 1024);
  EXPECT_EQ(pair.client->unsent(), 0U);
  ChannelStatus last{};
  EXPECT_EQ(read_all(*pair.server, last), test::concat({Bytes(sent).first(put.bytes)}));
}

TEST_F(ChannelTest, AnEmptyWriteOnlyFlushes) {
  const auto pair = connected();
  const auto before = to_server_.sent;
  const auto put = pair.client->write({}, scratch());
  EXPECT_EQ(put.status, ChannelStatus::ok);
  EXPECT_EQ(put.bytes, 0U);
  EXPECT_EQ(to_server_.sent, before);
}

// FRM-7: a TLS end with close_notify is an end, one without is `truncated`.
TEST_F(ChannelTest, CloseNotifyIsEofAndAWireThatJustEndsIsTruncated) {
  for (const bool says_so : {true, false}) {
    const auto pair = connected();
    write_all(*pair.client, as_bytes("last words"));
    if (says_so) pair.client->shutdown_send(scratch());
    to_server_.ended = true;
    ChannelStatus last{};
    EXPECT_EQ(test::text(read_all(*pair.server, last)), "last words");
    EXPECT_EQ(last, says_so ? ChannelStatus::eof : ChannelStatus::truncated);
    EXPECT_TRUE(pair.server->ended());
    to_server_ = to_client_ = {};
  }
}

TEST_F(ChannelTest, AnEndInsideARecordIsTruncatedAtEveryCut) {
  std::size_t record = 2;
  for (std::size_t cut = 1; cut < record; ++cut) {
    SCOPED_TRACE(cut);
    to_server_ = to_client_ = {};
    const auto pair = connected();
    write_all(*pair.client, as_bytes("hello"));
    record = to_server_.bytes.size();
    to_server_.bytes.resize(cut);
    to_server_.ended = true;
    ChannelStatus last{};
    EXPECT_TRUE(read_all(*pair.server, last).empty());
    EXPECT_EQ(last, ChannelStatus::truncated);
  }
}

TEST_F(ChannelTest, AnEndBehindDataIsKnownAtOnceSoThatNobodyWaits) {
  const auto pair = connected();
  write_all(*pair.client, as_bytes("x"));
  pair.client->shutdown_send(scratch());
  Buffer room(100);
  const auto got = pair.server->read(room, scratch());
  EXPECT_EQ(got.status, ChannelStatus::ok);
  EXPECT_EQ(got.bytes, 1U);
  EXPECT_TRUE(pair.server->ended());
  EXPECT_EQ(pair.server->read(room, scratch()).status, ChannelStatus::eof);
  EXPECT_EQ(pair.server->read(room, scratch()).status, ChannelStatus::eof) << "and stays so";
}

TEST_F(ChannelTest, EachDirectionEndsByItself) {
  const auto pair = connected();
  pair.client->shutdown_send(scratch());
  ChannelStatus last{};
  read_all(*pair.server, last);
  EXPECT_EQ(last, ChannelStatus::eof);
  write_all(*pair.server, as_bytes("still here"));
  EXPECT_EQ(test::text(read_all(*pair.client, last)), "still here");
  EXPECT_EQ(last, ChannelStatus::want_read);
}

TEST_F(ChannelTest, EndingTwiceSendsOneCloseNotifyAndLosesNothing) {
  const auto pair = connected();
  write_all(*pair.server, as_bytes("on its way"));
  pair.client->shutdown_send(scratch());
  const auto sent = to_server_.sent;
  pair.client->shutdown_send(scratch());
  EXPECT_EQ(to_server_.sent, sent);
  ChannelStatus last{};
  EXPECT_EQ(test::text(read_all(*pair.client, last)), "on its way");
  EXPECT_EQ(last, ChannelStatus::want_read);
}

TEST_F(ChannelTest, CloseNotifyWaitsBehindWhatIsUnsent) {
  const auto pair = connected();
  to_server_.capacity = 100;
  const auto sent = test::random_bytes(1000, 6);
  pair.client->write(sent, scratch());
  to_server_.capacity = SIZE_MAX;
  pair.client->shutdown_send(scratch());
  EXPECT_GT(pair.client->unsent(), 900U) << "it must not overtake";
  EXPECT_EQ(pair.client->flush().status, ChannelStatus::ok);
  ChannelStatus last{};
  EXPECT_EQ(read_all(*pair.server, last), sent);
  EXPECT_EQ(last, ChannelStatus::eof);
}

}  // namespace
}  // namespace wstap::tls

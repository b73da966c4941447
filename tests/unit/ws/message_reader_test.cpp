// SPDX-License-Identifier: Apache-2.0
// What frames say, compressed or not, in one direction (DEF-2, DEF-3, DEF-5, FRM-5).
#include "libcore/ws/message_reader.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"

namespace wstap::ws {
namespace {

using test::bytes;
using test::hex;

/// Frames of a server, numbered and read.
class MessageReaderTest : public testing::Test {
 protected:
  FrameReading frame(std::uint8_t opcode, Bytes payload, bool fin = true, bool compressed = false) {
    const FrameHeader header{.fin = fin,
                             .rsv = compressed ? kRsv1 : std::uint8_t{0},
                             .opcode = opcode,
                             .header_len = minimal_header_len(payload.size(), false),
                             .payload_len = payload.size()};
    placed = tracker.observe(header, next++);
    return reader.read(header, placed, payloads.emplace_back(to_buffer(payload)));
  }

  MessageTracker tracker{Direction::receive, {.permessage_deflate = true}};
  MessageReader reader{{}, {}};
  Placement placed;
  std::deque<Buffer> payloads;  ///< what readings view
  std::uint64_t next = 2;
};

constexpr bool kMore = false, kFin = true, kCompressed = true;

// DEF-2: of several frames, the last has the whole message, those before it their bytes.
TEST_F(MessageReaderTest, TheLastFrameHasTheMessage) {
  const auto payload = hex("f2 48 cd c9 c9 07 00");
  const auto first = frame(kText, Bytes(payload).first(3), kMore, kCompressed);
  EXPECT_EQ(to_buffer(first.payload), hex("f2 48 cd"));
  EXPECT_EQ(first.inflation, Inflation::none);
  const auto ping = frame(kPing, bytes("between"));
  EXPECT_EQ(to_buffer(ping.payload), bytes("between"));
  const auto middle = frame(kContinuation, {}, kMore);
  EXPECT_TRUE(middle.payload.empty());
  const auto last = frame(kContinuation, Bytes(payload).subspan(3), kFin);
  EXPECT_EQ(to_buffer(last.payload), bytes("Hello"));
  EXPECT_EQ(last.inflation, Inflation::done);
  EXPECT_TRUE(last.anomalies.empty());
}

// DEF-3: takeover over messages, with uncompressed and empty ones between
TEST_F(MessageReaderTest, TakesTheContextOver) {
  EXPECT_EQ(to_buffer(frame(kText, hex("f2 48 cd c9 c9 07 00"), kFin, kCompressed).payload), bytes("Hello"));
  EXPECT_EQ(to_buffer(frame(kText, bytes("plain")).payload), bytes("plain"));
  EXPECT_TRUE(frame(kBinary, hex("00"), kFin, kCompressed).payload.empty());
  EXPECT_TRUE(frame(kBinary, {}, kFin, kCompressed).payload.empty());
  EXPECT_EQ(to_buffer(frame(kText, hex("f2 00 11 00 00"), kFin, kCompressed).payload), bytes("Hello"));
}

// FRM-5: of the inflated text, on its last frame
TEST_F(MessageReaderTest, JudgesInflatedText) {
  test::DeflatingPeer peer;
  const auto bad = peer.message(bytes("\xff\xfe"));
  EXPECT_TRUE(frame(kText, bad, kFin, kCompressed).anomalies.has(Anomaly::text_not_utf8));
  const auto good = peer.message(bytes("\xc3\xa4"));
  EXPECT_TRUE(frame(kText, Bytes(good).first(1), kMore, kCompressed).anomalies.empty());
  EXPECT_TRUE(frame(kContinuation, Bytes(good).subspan(1)).anomalies.empty());
  EXPECT_TRUE(frame(kBinary, peer.message(bytes("\xff")), kFin, kCompressed).anomalies.empty());
}

// FRM-5, DEF-5: the message that does not inflate is at fault; those that cannot be read because of it are
// not.
TEST_F(MessageReaderTest, BlamesTheCorruptMessageAlone) {
  const auto corrupt = frame(kText, hex("ff ff ff"), kFin, kCompressed);
  EXPECT_EQ(corrupt.inflation, Inflation::opaque);
  EXPECT_TRUE(corrupt.anomalies.has(Anomaly::invalid_deflate));
  EXPECT_EQ(to_buffer(corrupt.payload), hex("ff ff ff"));
  const auto behind = frame(kText, hex("f2 48 cd c9 c9 07 00"), kFin, kCompressed);
  EXPECT_EQ(behind.inflation, Inflation::opaque);
  EXPECT_TRUE(behind.anomalies.empty());
  EXPECT_EQ(to_buffer(frame(kText, bytes("plain")).payload), bytes("plain"));
}

// DEF-5
TEST_F(MessageReaderTest, TellsOfABoundThatWasHit) {
  test::DeflatingPeer peer({.level = 9});
  const auto bomb = peer.message(Buffer(3'000'000));
  const auto reading = frame(kBinary, bomb, kFin, kCompressed);
  EXPECT_EQ(reading.inflation, Inflation::limited);
  EXPECT_EQ(to_buffer(reading.payload), bomb);
  EXPECT_TRUE(reading.anomalies.empty());
  EXPECT_EQ(to_buffer(frame(kText, peer.message(bytes("next")), kFin, kCompressed).payload), bytes("next"));
}

// FRM-5: data_inside_message. The message that was open is over in the middle of its compressed data.
TEST_F(MessageReaderTest, BehindAnInterruptedMessageNothingThatRefersToItIsRead) {
  test::DeflatingPeer peer;
  const auto cut = peer.message(bytes("a message that is cut"));
  frame(kText, Bytes(cut).first(5), kMore, kCompressed);
  EXPECT_EQ(to_buffer(frame(kText, bytes("plain")).payload), bytes("plain"));
  EXPECT_EQ(reader.held(), 0U);
  EXPECT_FALSE(reader.has_window());
  EXPECT_EQ(to_buffer(frame(kContinuation, Bytes(cut).subspan(5)).payload), to_buffer(Bytes(cut).subspan(5)));
  const auto behind = frame(kText, peer.message(bytes("a message")), kFin, kCompressed);
  EXPECT_EQ(behind.inflation, Inflation::opaque);
  EXPECT_TRUE(behind.anomalies.empty());
}

TEST_F(MessageReaderTest, BehindAnInterruptedMessageOneThatRefersToNothingIsRead) {
  reader = MessageReader({.context_takeover = false}, {});
  frame(kText, hex("f2 48 cd"), kMore, kCompressed);
  EXPECT_EQ(to_buffer(frame(kText, hex("f2 48 cd c9 c9 07 00"), kFin, kCompressed).payload), bytes("Hello"));
}

TEST_F(MessageReaderTest, WhatIsNotThereMakesTheRestUnreadable) {
  frame(kText, hex("f2 48 cd c9 c9 07 00"), kFin, kCompressed);
  reader.skip(placed);
  const auto behind = frame(kText, hex("f2 00 11 00 00"), kFin, kCompressed);
  EXPECT_EQ(behind.inflation, Inflation::opaque);
  EXPECT_TRUE(behind.anomalies.empty()) << "nobody is at fault";
}

// LIM-4: a message that waits may take so much and no more; one that is whole does not wait.
TEST_F(MessageReaderTest, WaitsInNoMoreMemoryThanItMay) {
  test::DeflatingPeer peer;
  constexpr std::uint64_t kRoom = 100'000;
  reader.may_hold(kRoom);
  const auto content = test::random_bytes(150'000, 1);
  const auto large = peer.message(content);
  const auto pieces = {Bytes(large).first(60'000), Bytes(large).subspan(60'000, 60'000)};
  frame(kBinary, *pieces.begin(), kMore, kCompressed);
  EXPECT_GE(reader.held(), 59'000U);
  EXPECT_LE(reader.held(), kRoom);
  EXPECT_EQ(frame(kContinuation, *(pieces.begin() + 1), kMore).state, InflateState::limited);
  reader.trim();
  EXPECT_EQ(reader.held(), 0U) << "its memory is given back";
  EXPECT_EQ(frame(kContinuation, Bytes(large).subspan(120'000)).inflation, Inflation::limited);
  // What follows is read again, and what is whole at once may be larger.
  const auto whole = frame(kBinary, peer.message(content), kFin, kCompressed);
  EXPECT_EQ(whole.inflation, Inflation::done);
  EXPECT_EQ(to_buffer(whole.payload), content);
}

}  // namespace
}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Compressed messages read back: RFC 7692's own, zlib's in every style, damaged and hostile ones (DEF-3,
// DEF-5).
#include "libcore/ws/inflater.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"

namespace wstap::ws {
namespace {

using test::bytes;
using test::hex;

constexpr InflateLimits kLimits{};

/// One message, its payload in pieces of `piece` bytes.
struct Read {
  Buffer data;
  InflateState state = InflateState::ok;
};
Read read(Inflater& inflater, Bytes payload, std::size_t piece = ~std::size_t{0}) {
  Read got;
  inflater.begin();
  while (!payload.empty()) {
    const auto take = std::min(piece, payload.size());
    inflater.add(payload.first(take), got.data);
    payload = payload.subspan(take);
  }
  got.state = inflater.end(got.data);
  return got;
}

void expect_read(Inflater& inflater, Bytes payload, Bytes expected, std::size_t piece = ~std::size_t{0}) {
  const auto got = read(inflater, payload, piece);
  EXPECT_EQ(got.state, InflateState::ok);
  EXPECT_EQ(got.data, to_buffer(expected));
}

/// Text with repetitions near and far.
Buffer prose(std::size_t size, std::uint32_t seed) {
  constexpr std::string_view kWords[] = {"frame ",        "mask ",      "{\"id\":", "}, ",
                                         "continuation ", "0123456789", "\n"};
  std::mt19937 random(seed);
  Buffer text;
  while (text.size() < size) append(text, kWords[random() % std::size(kWords)]);
  text.resize(size);
  return text;
}

// DEF-3: RFC 7692 7.2.3.1, 7.2.3.2
TEST(Inflater, ReadsTheRfcsExamplesWithTakeover) {
  Inflater inflater(true, kLimits);
  expect_read(inflater, hex("f2 48 cd c9 c9 07 00"), bytes("Hello"));
  expect_read(inflater, hex("f2 00 11 00 00"), bytes("Hello"));
}

// DEF-3: RFC 7692 7.2.3.3 to 7.2.3.5: a stored block, a final block, two blocks
TEST(Inflater, ReadsTheRfcsOtherBlocks) {
  for (const char* payload : {"00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00",
                              "f2 48 05 00 00 00 ff ff ca c9 c9 07 00"})
    for (std::size_t piece = 1; piece <= 13; ++piece) {
      Inflater inflater(true, kLimits);
      expect_read(inflater, hex(payload), bytes("Hello"), piece);
      expect_read(inflater, hex("f2 48 cd c9 c9 07 00"), bytes("Hello"), piece);
    }
}

// DEF-3: what was said before a final block can be referred to behind it.
TEST(Inflater, KeepsItsWindowOverAFinalBlock) {
  for (const std::size_t piece : {1, 3, 1000}) {
    Inflater inflater(true, kLimits);
    expect_read(inflater, hex("f3 48 cd c9 c9 07 00 00"), bytes("Hello"), piece);
    expect_read(inflater, hex("f2 00 11 00 00"), bytes("Hello"), piece);
  }
  // Nor does it need the empty block behind it.
  Inflater inflater(true, kLimits);
  expect_read(inflater, hex("f3 48 cd c9 c9 07 00"), bytes("Hello"));
  expect_read(inflater, hex("f2 00 11 00 00"), bytes("Hello"));
}

// DEF-3: as one block, as nothing at all
TEST(Inflater, ReadsEmptyMessages) {
  for (const bool takeover : {true, false}) {
    Inflater inflater(takeover, kLimits);
    expect_read(inflater, hex("00"), {});
    expect_read(inflater, {}, {});
    expect_read(inflater, hex("f2 48 cd c9 c9 07 00"), bytes("Hello"));
    expect_read(inflater, {}, {});
    expect_read(inflater, hex("02 00"), {});  // an empty fixed block
    expect_read(inflater, hex("f2 48 cd c9 c9 07 00"), bytes("Hello"));
  }
}

struct StyleRow {
  const char* name;
  test::DeflateStyle style;
};
class InflaterReads : public testing::TestWithParam<StyleRow> {};

// DEF-1, DEF-3: thousands of messages, whole and in fragments of a byte
TEST_P(InflaterReads, WhatZlibWrote) {
  test::DeflatingPeer peer(GetParam().style);
  Inflater inflater(GetParam().style.takeover, kLimits);
  std::mt19937 random(1);
  for (std::uint32_t n = 0; n < 2000; ++n) {
    const std::size_t size = n % 50 == 0 ? 70'000 : random() % 300;
    const Buffer data = n % 7 == 0 ? test::random_bytes(size, n) : prose(size, n);
    expect_read(inflater, peer.message(data), data, n % 3 == 0 ? 1 + random() % 40 : ~std::size_t{0});
    if (HasFailure()) FAIL() << "message " << n;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Of, InflaterReads,
    testing::Values(StyleRow{"Takeover", {}}, StyleRow{"NoTakeover", {.takeover = false}},
                    StyleRow{"SmallWindow", {.window_bits = 9}},
                    StyleRow{"SmallWindowNoTakeover", {.takeover = false, .window_bits = 9}},
                    StyleRow{"Stored", {.level = 0}}, StyleRow{"FixedCodes", {.strategy = Z_FIXED}},
                    StyleRow{"HuffmanOnly", {.strategy = Z_HUFFMAN_ONLY}}, StyleRow{"Best", {.level = 9}}),
    [](const auto& row) { return row.param.name; });

// DEF-3: flushes of every kind inside a message
TEST(Inflater, ReadsFlushesInside) {
  const Buffer data = prose(5000, 3);
  for (const int flush : {Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK, Z_FINISH}) {
    test::DeflatingPeer peer;
    Inflater inflater(true, kLimits);
    for (int message = 0; message < 3; ++message) {
      const Buffer first = peer.flushed(Bytes(data).first(2000), flush);
      const Buffer payload = test::concat({first, peer.message(Bytes(data).subspan(2000))});
      expect_read(inflater, payload, data, 100);
    }
  }
}

// DEF-5
TEST(Inflater, LosesACorruptDirectionWithTakeover) {
  for (const char* payload : {"ff ff ff ff", "f2 48 cd c9", "f2 00 ff 00 00", "01 05 00 05 00 48"}) {
    Inflater inflater(true, kLimits);
    EXPECT_EQ(read(inflater, hex(payload)).state, InflateState::lost) << payload;
    EXPECT_TRUE(inflater.lost());
    const auto next = read(inflater, hex("f2 48 cd c9 c9 07 00"));
    EXPECT_EQ(next.state, InflateState::lost);
    EXPECT_TRUE(next.data.empty());
  }
}

// DEF-5: without it, each message stands alone.
TEST(Inflater, LosesOnlyTheMessageWithoutTakeover) {
  Inflater inflater(false, kLimits);
  for (const char* payload : {"ff ff ff ff", "f2 48 cd c9", "f2 00 11 00 00"}) {
    EXPECT_EQ(read(inflater, hex(payload)).state, InflateState::lost) << payload;
    EXPECT_FALSE(inflater.lost());
    expect_read(inflater, hex("f2 48 cd c9 c9 07 00"), bytes("Hello"));
  }
}

TEST(Inflater, WhatWasSkippedIsLostWithTakeover) {
  Inflater with(true, kLimits), without(false, kLimits);
  with.skip();
  without.skip();
  EXPECT_TRUE(with.lost());
  EXPECT_EQ(read(with, hex("f2 48 cd c9 c9 07 00")).state, InflateState::lost);
  expect_read(without, hex("f2 48 cd c9 c9 07 00"), bytes("Hello"));
}

// DEF-5: past the bound the window is kept, so that the next message is read.
TEST(Inflater, BoundsAMessage) {
  const Buffer large = prose(10'000, 5), small = Buffer(large.begin() + 9000, large.begin() + 9500);
  for (const std::size_t piece : {1, 100, 100'000}) {
    test::DeflatingPeer peer;
    Inflater inflater(true, {.message_bytes = 9'999});
    const auto got = read(inflater, peer.message(large), piece);
    EXPECT_EQ(got.state, InflateState::limited);
    EXPECT_LE(got.data.size(), 9'999U);
    expect_read(inflater, peer.message(small), small);
  }
  test::DeflatingPeer peer;
  Inflater inflater(true, {.message_bytes = 10'000});
  expect_read(inflater, peer.message(large), large);
}

// DEF-5: a thousand bytes from one
TEST(Inflater, BoundsTheRatio) {
  const Buffer zeros(3'000'000);
  test::DeflatingPeer peer({.level = 9});
  const Buffer bomb = peer.message(zeros);
  ASSERT_LT(bomb.size() * 900, zeros.size());
  Inflater inflater(true, kLimits);
  const auto got = read(inflater, bomb, 50);
  EXPECT_EQ(got.state, InflateState::limited);
  EXPECT_LE(got.data.size(), kLimits.free_bytes + 200'000);
  const Buffer next = prose(100, 1);
  expect_read(inflater, peer.message(next), next);

  // What is small may be as dense as it likes.
  const Buffer few(900'000);
  expect_read(inflater, peer.message(few), few);
}

// DEF-5
TEST(Inflater, BoundsTheWork) {
  test::DeflatingPeer peer;
  Inflater inflater(true, {.message_bytes = 1000, .work_bytes = 1'000'000});
  EXPECT_EQ(read(inflater, peer.message(Buffer(900'000))).state, InflateState::limited);
  EXPECT_EQ(read(inflater, peer.message(Buffer(1'100'000))).state, InflateState::lost);
  EXPECT_TRUE(inflater.lost());
}

}  // namespace
}  // namespace wstap::ws

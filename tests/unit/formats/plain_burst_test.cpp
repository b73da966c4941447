// SPDX-License-Identifier: Apache-2.0
// Bursts written by hand: the same as the generated builder's to every reader, and not a byte larger than
// they must be.
#include "formats/plain_burst.h"

#include <gtest/gtest.h>

#include "formats/record_decoder.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

/// All of the record, as a writer gathers it.
Buffer by_hand(const pipeline::Burst& burst) {
  const BurstHead head = encode_head(burst);
  Buffer record = to_buffer(head.bytes());
  append(record, std::as_bytes(burst.ends).first(head.ends_bytes));
  record.resize(record.size() + head.ends_padding);
  append(record, burst.raw);
  record.resize(record.size() + head.raw_padding);
  EXPECT_EQ(record.size(), head.total(burst.raw.size()));
  return record;
}

test::OwnBurst burst_of(std::size_t frames, std::size_t payload) {
  test::OwnBurst burst{.flow = 0xfedcba98,
                       .direction = ws::Direction::receive,
                       .first_sequence = 0x0123456789abcdef,
                       .time_ns = -1};
  for (std::size_t i = 0; i < frames; ++i)
    burst.frames.push_back(test::server_text(std::string(payload, static_cast<char>('a' + i % 26))));
  return burst;
}

Result<Record> decoded(const Buffer& bytes, DecoderScratch& scratch) {
  return decode(bytes, scratch);
}

TEST(PlainBurst, ReadsAsTheGeneratedBuildersDoes) {  // CAP-1
  for (const auto direction : {ws::Direction::send, ws::Direction::receive}) {
    for (const std::size_t frames : {1, 2, 3, 4, 50}) {
      for (const std::size_t payload : {0, 1, 5, 6, 7, 8, 125, 4000}) {
        SCOPED_TRACE(testing::Message() << frames << " frames of " << payload);
        auto burst = burst_of(frames, payload);
        burst.direction = direction;
        const auto view = burst.view();
        DecoderScratch one, other;
        const Buffer hand = by_hand(view), built = encode(view);
        const auto from_hand = decoded(hand, one), from_builder = decoded(built, other);
        ASSERT_TRUE(from_hand && from_builder);
        EXPECT_EQ(test::fields(std::get<pipeline::Burst>(*from_hand)), test::fields(view));
        EXPECT_EQ(test::fields(std::get<pipeline::Burst>(*from_builder)), test::fields(view));
        EXPECT_TRUE(read_plain_burst(hand));
        EXPECT_EQ(*bytes_needed(hand), hand.size());
      }
    }
  }
}

// CAP-1: 56 bytes and padding for a frame alone in its burst, four a frame when they come in floods.
TEST(PlainBurst, CostsLittleBeyondItsFrames) {
  const auto overhead = [](std::size_t frames, std::size_t payload) {
    auto burst = burst_of(frames, payload);
    const auto view = burst.view();
    return by_hand(view).size() - view.raw.size();
  };
  EXPECT_EQ(overhead(1, 6), 56U);  // 8 bytes
  EXPECT_EQ(overhead(1, 5), 57U);  // 7 bytes and one of padding
  EXPECT_EQ(overhead(1, 7), 63U);  // 9 and seven
  EXPECT_EQ(overhead(2, 6), 56U + 8U);
  EXPECT_EQ(overhead(3, 6), 56U + 12U + 4U);
  EXPECT_EQ(overhead(1000, 6), 56U + 4000U);
}

TEST(PlainBurst, MarksAreNotItsBusiness) {
  auto burst = burst_of(2, 3);
  burst.marks = {{1, pipeline::Verdict::dropped, "", {}, {}}};
  EXPECT_FALSE(read_plain_burst(encode(burst.view())));
}

// What is not laid out to the letter is left to Cap'n Proto's own reader.
TEST(PlainBurst, EveryBitOfTheHeadCounts) {
  auto burst = burst_of(3, 4);
  const auto view = burst.view();
  const Buffer record = by_hand(view);
  for (std::size_t bit = 0; bit < sizeof(BurstHead::words) * 8; ++bit) {
    SCOPED_TRACE(bit);
    Buffer flipped = record;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto read = read_plain_burst(flipped);
    if (!read) continue;
    // Another flow, direction, sequence or time is another burst; so is one that reaches into the padding.
    const std::size_t byte = bit / 8;
    EXPECT_TRUE(bit == 18 * 8 || (byte >= 20 && byte < 40) || byte == 52) << "byte " << byte;
    EXPECT_EQ(to_buffer(read->raw.first(burst.raw.size())), burst.raw);
    EXPECT_EQ(std::vector(read->ends.begin(), read->ends.end()), burst.ends);
  }
}

TEST(PlainBurst, ShortMessagesAreNone) {
  auto burst = burst_of(1, 1);
  const Buffer record = by_hand(burst.view());
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(read_plain_burst(Bytes(record).first(size))) << size;
}

TEST(PlainBurst, EndsThatDescendAreCorrupt) {
  auto burst = burst_of(3, 2);
  Buffer record = by_hand(burst.view());
  std::swap_ranges(record.begin() + 56, record.begin() + 60, record.begin() + 60);
  DecoderScratch scratch;
  const auto read = decode(record, scratch);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "corrupt record: a frame ends at 4, the one before it at 8");
}

}  // namespace
}  // namespace wstap::formats

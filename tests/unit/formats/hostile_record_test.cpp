// SPDX-License-Identifier: Apache-2.0
// Records made to hurt: segment tables, pointers and lengths that lie. And records of writers that know more
// than this reader does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "formats/errors.h"
#include "formats/record_decoder.h"
#include "formats/record_encoder.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

using Words = std::vector<std::uint64_t>;

Buffer message(const Words& words) {
  return to_buffer(std::as_bytes(std::span(words)));
}

Words words_of(const Buffer& bytes) {
  Words words(bytes.size() / 8);
  std::memcpy(words.data(), bytes.data(), words.size() * 8);
  return words;
}

/// A segment table and nothing else: how many segments beyond the first, their lengths in words.
Buffer table(std::uint32_t further, const std::vector<std::uint32_t>& lengths) {
  std::vector<std::uint32_t> numbers = {further};
  numbers.insert(numbers.end(), lengths.begin(), lengths.end());
  if (numbers.size() % 2 != 0) numbers.push_back(0);
  return to_buffer(std::as_bytes(std::span(numbers)));
}

std::error_code decode_error(const Buffer& bytes) {
  DecoderScratch scratch;
  const auto read = decode(bytes, scratch);
  return read ? std::error_code() : read.error().code;
}

TEST(SegmentTable, TellsTheLength) {
  EXPECT_EQ(bytes_needed(table(0, {5})).value(), 8U + 40U);
  EXPECT_EQ(bytes_needed(table(1, {5, 6})).value(), 16U + 88U);
  EXPECT_EQ(bytes_needed(table(2, {5, 6, 7})).value(), 16U + 144U);
  EXPECT_EQ(bytes_needed(table(3, {5, 6, 7, 8})).value(), 24U + 208U);
  EXPECT_EQ(bytes_needed(table(511, std::vector<std::uint32_t>(512, 1))).value(), 2056U + 4096U);
}

TEST(SegmentTable, IsAskedForBeforeItIsBelieved) {
  const Buffer whole = table(4, {1, 1, 1, 1, 1});
  for (std::size_t size = 4; size < whole.size(); ++size)
    EXPECT_EQ(bytes_needed(Bytes(whole).first(size)).value(), whole.size()) << size;
  for (std::size_t size = 0; size < 4; ++size)
    EXPECT_GT(bytes_needed(Bytes(whole).first(size)).value(), size) << size;
}

TEST(SegmentTable, WithTooManySegmentsIsCorrupt) {
  for (const std::uint32_t further : {512U, 513U, 0x20000000U, 0x7fffffffU, 0xffffffffU})
    EXPECT_EQ(bytes_needed(table(further, {1})).error().code, Errc::corrupt) << further;
}

TEST(SegmentTable, OfNothingIsCorrupt) {
  EXPECT_EQ(bytes_needed(table(0, {0})).error().code, Errc::corrupt);
  EXPECT_EQ(bytes_needed(table(1, {0, 0})).error().code, Errc::corrupt);
}

TEST(SegmentTable, BeyondTheRecordLimitIsRefusedUnread) {  // CAP-1
  constexpr std::uint32_t kMost = kMaxRecordBytes / 8 - 1;
  EXPECT_EQ(bytes_needed(table(0, {kMost})).value(), kMaxRecordBytes);
  EXPECT_EQ(bytes_needed(table(0, {kMost + 1})).error().code, Errc::record_too_large);
  EXPECT_EQ(bytes_needed(table(1, {0xffffffff, 0xffffffff})).error().code, Errc::record_too_large);
}

TEST(HostileRecord, RootPointersThatLeadNowhere) {
  const Words hostile = {
      0x0000000100000002,  // far, to the word it stands in: a circle
      0x000000000000000a,  // ... by way of the second word
      0x0000000100000000 | 2,
      0x0000ffff00000006,  // double far, in a segment that is not there
      0xffffffff00000002,
      0x0001000100000000 | 0xfffffffc,  // a struct that begins before itself
      0xffffffff00000000,               // ... of 65535 words and as many pointers
      0x0000000000000001,               // a list
      0x0000000000000003,               // a capability
      0xffffffffffffffff,
  };
  for (const auto word : hostile) {
    SCOPED_TRACE(word);
    const auto error = decode_error(message({std::uint64_t{2} << 32, word, word}));
    EXPECT_TRUE(!error || error == Errc::corrupt || error == Errc::bad_magic) << error.message();
  }
}

TEST(HostileRecord, FarPointersOverSegmentsInCircles) {
  // Two segments of two words; pads point at each other.
  const std::uint64_t to_second = 0x0000000100000002, to_first = 0x0000000000000002;
  const std::uint64_t double_to_second = 0x0000000100000006;
  for (const auto first : {to_second, double_to_second})
    for (const auto pad : {to_first, to_second, double_to_second}) {
      const Words words = {1 | std::uint64_t{2} << 32, 2, first, pad, pad, pad};
      EXPECT_EQ(decode_error(message(words)), Errc::corrupt);
    }
}

std::size_t size_of(const Record& record) {
  std::size_t total = 0;
  const auto add = [&](const std::vector<std::string>& texts) {
    total += texts.size();
    for (const auto& text : texts) total += text.size() / 8;
  };
  if (const auto* header = std::get_if<Header>(&record)) add(header->options);
  if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) add(closed->notes);
  if (const auto* burst = std::get_if<pipeline::Burst>(&record)) {
    total += burst->ends.size() / 2 + burst->marks.size();
    for (const auto& mark : burst->marks) add(mark.tags);
  }
  return total;
}

// Wherever a pointer may stand, one that promises more than there is. What comes of it stays in proportion to
// the record: twice its words, and a little.
TEST(HostileRecord, ListsLongerThanTheRecordCostNothing) {
  const Words hostile = {
      0xffffffff00000001 | 7ULL << 32,  // composite, as long as can be said
      0xfffffff800000001,               // half a billion elements of no size at all
      0xfffffff900000001,               // ... of bits
      0xfffffffa00000001,               // ... of bytes
      0xfffffffc00000001,               // ... of four bytes
      0xfffffffe00000001,               // ... of pointers
      0x0000000700000001,               // composite, empty: its tag is what comes next
      0x00000000fffffffc,               // a composite's tag: a billion structs of no size
      0x00000001fffffffc,
      0x0001000000000000,
      0x0000000ffffffffd,  // a list that begins before its pointer
      0xfffffffffffffffc,
      0x0000000000000002,
      0x0000000000000006,
  };
  std::size_t read = 0;
  for (const auto& record : test::sample_records()) {
    const Words sound = words_of(record);
    for (std::size_t at = 1; at < sound.size(); ++at) {
      for (const auto first : hostile) {
        Words words = sound;
        words[at] = first;
        DecoderScratch scratch;
        const auto result = decode(message(words), scratch);
        if (!result) continue;
        ++read;
        EXPECT_LE(size_of(*result), 2 * words.size() + 1024);
      }
    }
  }
  EXPECT_GT(read, 1000U) << "most words are numbers or text: they may be anything";
}

TEST(HostileRecord, ListsOfNothingAreBounded) {
  // A header whose options are half a billion elements without size.
  Header header;
  header.options = {"x"};
  const Words sound = words_of(encode(header));
  for (std::size_t at = 1; at + 1 < sound.size(); ++at) {
    Words words = sound;
    words[at] = 0x0000000700000001;      // a composite list behind the next word, of no words
    words[at + 1] = 0x000000007ffffffc;  // its tag: half a billion elements of no size
    DecoderScratch scratch;
    const auto result = decode(message(words), scratch);
    EXPECT_LE(result ? size_of(*result) : 0, 2 * words.size() + 1024);
  }
}

// Many pointers to one text: a record of six thousand bytes that would take a hundred times as many.
TEST(HostileRecord, TextsThatAreSharedCountEachTime) {
  constexpr std::size_t kTexts = 200, kLength = 3000;
  Header header;
  header.options.resize(kTexts);
  header.options[0] = std::string(kLength, 'x');
  Words words = words_of(encode(header));
  const auto is_text = [](std::uint64_t word) {
    return (word & 3) == 1 && word >> 32 == ((kLength + 1) << 3 | 2);
  };
  const auto first = std::find_if(words.begin(), words.end(), is_text);
  ASSERT_NE(first, words.end());
  // Each pointer is one word nearer to the text than the one before it.
  for (std::size_t i = 1; i < kTexts; ++i) first[static_cast<std::ptrdiff_t>(i)] = *first - (i << 2);
  DecoderScratch scratch;
  const auto read = decode(message(words), scratch);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::corrupt);
}

TEST(NewerRecord, OfAKindThatIsNotKnownIsPassedOver) {  // CAP-4
  Words words = words_of(encode(pipeline::Note{1, 2, "text"}));
  constexpr std::uint64_t kFirstUnknown = 10;
  for (std::uint64_t kind = kFirstUnknown; kind < 0x10000; kind += kind < 16 ? 1 : 4099) {
    words[2] = (words[2] & ~std::uint64_t{0xffff}) | kind;
    DecoderScratch scratch;
    const auto read = decode(message(words), scratch);
    ASSERT_TRUE(read) << kind;
    EXPECT_TRUE(std::holds_alternative<Skipped>(*read)) << kind;
  }
}

// What later versions add to a record stands behind what is known of it.
TEST(NewerRecord, WithMoreFieldsIsReadAsFarAsTheyAreKnown) {  // CAP-4
  test::OwnBurst burst{.flow = 5, .frames = {test::server_text("Hello!")}};
  const Words old = words_of(encode(burst.view()));
  const std::size_t data = old[1] >> 32 & 0xffff, pointers = old[1] >> 48;
  const std::size_t raw_words = old.size() - 2 - data - pointers;
  Words newer = {0, (std::uint64_t{data} + 2) << 32 | (std::uint64_t{pointers} + 1) << 48};
  newer.insert(newer.end(), old.begin() + 2, old.begin() + 2 + static_cast<std::ptrdiff_t>(data));
  newer.insert(newer.end(), {0xaaaa, 0xbbbb});  // two words of news
  newer.insert(newer.end(), old.end() - static_cast<std::ptrdiff_t>(raw_words + pointers),
               old.end() - static_cast<std::ptrdiff_t>(raw_words));
  newer.push_back(0);  // and a pointer, which every list is now one word further away for
  newer.insert(newer.end(), old.end() - static_cast<std::ptrdiff_t>(raw_words), old.end());
  newer[2 + data + 2 + 1] += 1 << 2;
  newer[0] = (std::uint64_t{newer.size()} - 1) << 32;

  DecoderScratch scratch;
  const Buffer bytes = message(newer);
  const auto read = decode(bytes, scratch);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(test::fields(std::get<pipeline::Burst>(*read)), test::fields(burst.view()));
}

/// `one`, with the enumeration in which `one` and `other` differ set to a value nobody knows yet.
template <class Kind>
Kind with_unknown_value(const Kind& one, const Kind& other) {
  Buffer bytes = encode(one);
  const Buffer compared = encode(other);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] != compared[i]) bytes[i] = std::byte{77};
  DecoderScratch scratch;
  const auto read = decode(bytes, scratch);
  return std::get<Kind>(read.value());
}

TEST(NewerRecord, ValuesThatAreNotKnownAreTakenForTheNearest) {  // CAP-4
  using pipeline::ConnectionRecord;
  using pipeline::FlowClosed;
  using pipeline::Outcome;
  EXPECT_EQ(with_unknown_value(Outcome{.verdict = pipeline::Verdict::changed},
                               Outcome{.verdict = pipeline::Verdict::dropped})
                .verdict,
            pipeline::Verdict::unresolved);
  EXPECT_EQ(with_unknown_value(FlowClosed{.state = pipeline::FlowState::complete},
                               FlowClosed{.state = pipeline::FlowState::error})
                .state,
            pipeline::FlowState::error);
  EXPECT_EQ(with_unknown_value(FlowClosed{.began = pipeline::Party::client},
                               FlowClosed{.began = pipeline::Party::server})
                .began,
            pipeline::Party::none);
  EXPECT_EQ(with_unknown_value(ConnectionRecord{.kind = pipeline::ConnectionKind::opaque},
                               ConnectionRecord{.kind = pipeline::ConnectionKind::blocked})
                .kind,
            pipeline::ConnectionKind::failed);
}

TEST(HostileRecord, MarksOfFramesThatAreNotThere) {
  test::OwnBurst burst{.frames = {test::server_text("a"), test::server_text("b")}};
  burst.marks = {{2, pipeline::Verdict::dropped, "", {}, {}}};
  EXPECT_EQ(decode_error(encode(burst.view())), Errc::corrupt);
  burst.marks = {{1, pipeline::Verdict::dropped, "", {}, {}}, {1, pipeline::Verdict::dropped, "", {}, {}}};
  EXPECT_EQ(decode_error(encode(burst.view())), Errc::corrupt);
  burst.marks = {{1, pipeline::Verdict::dropped, "", {}, {}}, {0, pipeline::Verdict::dropped, "", {}, {}}};
  EXPECT_EQ(decode_error(encode(burst.view())), Errc::corrupt);
}

TEST(HostileRecord, EndsThatDoNotReachTheEnd) {
  test::OwnBurst own{.frames = {test::server_text("a"), test::server_text("b")}};
  for (const std::uint32_t last : {0U, 2U, 5U, 7U, 0xffffffffU}) {
    SCOPED_TRACE(last);
    auto burst = own.view();
    own.ends.back() = last;
    EXPECT_EQ(decode_error(encode(burst)), Errc::corrupt);
    own.marks = {{0, pipeline::Verdict::dropped, "", {}, {}}};
    burst.marks = own.marks;
    EXPECT_EQ(decode_error(encode(burst)), Errc::corrupt);
  }
}

}  // namespace
}  // namespace wstap::formats

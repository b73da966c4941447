// SPDX-License-Identifier: Apache-2.0
// What cannot be framed: lengths over the cap or with their top bit set, and the errors that say so.
#include <gtest/gtest.h>

#include "libcore/ws/close.h"
#include "libcore/ws/errors.h"
#include "libcore/ws/frame_reader.h"
#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::ws {
namespace {

using Step = FrameReader::Step;
using test::WireFrame;

constexpr std::uint64_t kSixteenMiB = 16U << 20;

/// What the reader says of the first bytes `in`, from the start of a stream.
Step first_step(FrameReader& reader, Bytes in) {
  Frame frame;
  return reader.next(in, frame);
}

// LIM-1
TEST(FrameLimit, AFrameOfExactlyTheLimitIsRead) {
  const Buffer header = test::wire_header({.opcode = kBinary}, kSixteenMiB);
  FrameReader reader(kSixteenMiB);
  ASSERT_EQ(first_step(reader, header), Step::need_more);
  EXPECT_EQ(reader.wanted(), header.size() + kSixteenMiB);

  Buffer wire = header;
  wire.resize(header.size() + kSixteenMiB - 1);
  EXPECT_EQ(first_step(reader, wire), Step::need_more);
  wire.push_back({});
  EXPECT_EQ(first_step(reader, wire), Step::frame);
}

// LIM-1, FRM-4: the header is enough, and at no split is less than the header.
TEST(FrameLimit, OneByteMoreIsRefusedAsSoonAsTheHeaderIsThere) {
  for (const bool masked : {false, true}) {
    WireFrame frame{.opcode = kBinary};
    if (masked) frame.mask = {1, 2, 3, 4};
    const Buffer header = test::wire_header(frame, kSixteenMiB + 1);
    FrameReader reader(kSixteenMiB);
    for (std::size_t have = 0; have < header.size(); ++have)
      ASSERT_EQ(first_step(reader, Bytes(header).first(have)), Step::need_more) << have;
    ASSERT_EQ(first_step(reader, header), Step::error);
    EXPECT_EQ(reader.error().code, Errc::frame_too_big);
    EXPECT_EQ(reader.error().detail, "payload_len=16777217 limit=16777216");
    EXPECT_EQ(reader.error().offset, 0U);
  }
}

// LIM-1
TEST(FrameLimit, HoldsInEveryFormOfTheLength) {
  for (const std::uint64_t limit : {0U, 1U, 124U, 125U, 126U, 65535U, 65536U}) {
    for (const auto form : {test::LengthForm::shortest, test::LengthForm::in_64_bits}) {
      FrameReader fits(limit);
      EXPECT_NE(first_step(fits, test::wire_header({.length = form}, limit)), Step::error) << limit;
      FrameReader over(limit);
      EXPECT_EQ(first_step(over, test::wire_header({.length = form}, limit + 1)), Step::error) << limit;
    }
  }
}

// LIM-1: control frames have no cap of their own here; the tracker reports them.
TEST(FrameLimit, HoldsForEveryOpcode) {
  for (std::uint8_t opcode = 0; opcode < 16; ++opcode) {
    FrameReader reader(200);
    EXPECT_EQ(first_step(reader, test::wire_header({.opcode = opcode}, 200)), Step::need_more);
    EXPECT_EQ(first_step(reader, test::wire_header({.opcode = opcode}, 201)), Step::error);
  }
}

// FRM-4
TEST(LengthTopBit, IsRefusedUnderItsOwnNameWhateverTheLimit) {
  for (const std::uint64_t limit : {std::uint64_t{0}, kSixteenMiB, UINT64_MAX}) {
    for (const char* header : {"82 7f 8000000000000000", "82 ff 8000000000000000 01020304"}) {
      FrameReader reader(limit);
      ASSERT_EQ(first_step(reader, test::hex(header)), Step::error) << limit;
      EXPECT_EQ(reader.error().code, Errc::length_top_bit);
      EXPECT_EQ(reader.error().detail, "payload_len=0x8000000000000000");
    }
  }
}

// FRM-4
TEST(LengthTopBit, IsNotMistakenForASmallFrameWhenAllBitsAreSet) {
  FrameReader reader(UINT64_MAX);
  const Buffer wire = test::concat({test::hex("82 7f ffffffffffffffff"), test::random_bytes(64, 1)});
  ASSERT_EQ(first_step(reader, wire), Step::error);
  EXPECT_EQ(reader.error().code, Errc::length_top_bit);
  EXPECT_EQ(reader.error().detail, "payload_len=0xffffffffffffffff");
}

TEST(LengthTopBit, TheGreatestLengthWithoutItIsOnlyLong) {
  FrameReader any(UINT64_MAX);
  EXPECT_EQ(first_step(any, test::hex("82 7f 7fffffffffffffff")), Step::need_more);
  EXPECT_EQ(any.wanted(), 0x8000000000000009U);
  FrameReader limited(kSixteenMiB);
  ASSERT_EQ(first_step(limited, test::hex("82 7f 7fffffffffffffff")), Step::error);
  EXPECT_EQ(limited.error().code, Errc::frame_too_big);
}

// FRM-4: what came before is read, and the offset is where the offending frame begins.
TEST(FrameError, ComesAfterTheFramesBeforeItWithItsOwnOffset) {
  const Buffer stream = test::hex("81 03 616263  89 00  82 7e 0001 ff  82 04 01020304");
  FrameReader reader(3);
  Frame frame;
  Bytes in = stream;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(reader.next(in, frame), Step::frame) << i;
  ASSERT_EQ(reader.next(in, frame), Step::error);
  EXPECT_EQ(reader.error().offset, 12U);
  EXPECT_EQ(reader.error().detail, "payload_len=4 limit=3");
  EXPECT_EQ(reader.offset(), 12U);
  EXPECT_EQ(to_hex(in), "820401020304");  // what could not be framed is still there
}

TEST(FrameError, IsSticky) {
  FrameReader reader(3);
  ASSERT_EQ(first_step(reader, test::hex("82 04")), Step::error);
  const Buffer good = test::hex("82 00");
  Bytes in = good;
  Frame frame;
  EXPECT_EQ(reader.next(in, frame), Step::error);
  EXPECT_EQ(in.size(), 2U);
  EXPECT_EQ(reader.error().detail, "payload_len=4 limit=3");
  EXPECT_EQ(reader.offset(), 0U);
}

// FRM-4
TEST(FrameError, NamesAndCloseCodesAreFixed) {
  struct Row {
    Errc error;
    std::string_view name;
    std::uint16_t close_code;
  };
  for (const auto& [error, text, close_code] :
       {Row{Errc::length_top_bit, "length_top_bit", kProtocolError},
        Row{Errc::frame_too_big, "frame_too_big", kTooBig}, Row{Errc::aborted, "aborted", kProtocolError},
        Row{Errc::control_too_long, "control_too_long", kProtocolError},
        Row{Errc::fragmented_control, "fragmented_control", kProtocolError},
        Row{Errc::message_too_big, "message_too_big", kTooBig}}) {
    EXPECT_EQ(name(error), text);
    EXPECT_EQ(make_error_code(error).message(), text);
    EXPECT_EQ(close_code_for(error), close_code) << text;
    EXPECT_TRUE(make_error_code(error)) << "an error is never the value of success";
  }
  EXPECT_STREQ(category().name(), "websocket");
  EXPECT_STREQ(name(static_cast<Errc>(99)), "unknown");
}

}  // namespace
}  // namespace wstap::ws

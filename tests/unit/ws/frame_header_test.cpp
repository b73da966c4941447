// SPDX-License-Identifier: Apache-2.0
// The frame header, bit by bit and at every border of its length (RFC 6455 5.2).
#include "libcore/ws/frame_header.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::ws {
namespace {

using test::LengthForm;
using test::WireFrame;

constexpr std::uint64_t kLengths[] = {0,
                                      1,
                                      124,
                                      125,
                                      126,
                                      127,
                                      255,
                                      256,
                                      65534,
                                      65535,
                                      65536,
                                      65537,
                                      1 << 24,
                                      (1 << 24) + 1,
                                      0xffffffff,
                                      0x100000000,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0xffffffffffffffff};

TEST(FrameHeader, FirstByteIsFinRsvAndOpcode) {
  for (unsigned first = 0; first < 256; ++first) {
    const Buffer wire = {static_cast<std::byte>(first), std::byte{0}};
    FrameHeader header;
    ASSERT_TRUE(decode_header(wire, header));
    EXPECT_EQ(header.fin, first >= 128) << first;
    EXPECT_EQ(header.rsv, first / 16 % 8) << first;
    EXPECT_EQ(header.opcode, first % 16) << first;
  }
}

TEST(FrameHeader, SecondByteSaysHowLongTheHeaderIs) {
  for (unsigned second = 0; second < 256; ++second) {
    const unsigned length = second % 128;
    const std::size_t expected = (length == 127 ? 10U : length == 126 ? 4U : 2U) + (second >= 128 ? 4U : 0U);
    EXPECT_EQ(header_len_from(static_cast<std::byte>(second)), expected) << second;
  }
}

TEST(FrameHeader, DecodesEveryLengthInEveryFormThatHoldsIt) {
  for (const auto form : {LengthForm::in_7_bits, LengthForm::in_16_bits, LengthForm::in_64_bits}) {
    for (const std::uint64_t length : kLengths) {
      if (test::shortest_form(length) > form) continue;
      for (const bool masked : {false, true}) {
        WireFrame frame{.opcode = kBinary, .length = form};
        if (masked) frame.mask = {0x11, 0x22, 0x33, 0x44};
        const Buffer wire = test::wire_header(frame, length);
        FrameHeader header;
        ASSERT_TRUE(decode_header(wire, header)) << length;
        EXPECT_EQ(header.payload_len, length);
        EXPECT_EQ(header.header_len, wire.size()) << length;
        EXPECT_EQ(header.masked, masked);
        EXPECT_EQ(to_hex(header.mask), masked ? "11223344" : "00000000") << length;
      }
    }
  }
}

TEST(FrameHeader, ACutHeaderIsNotDecodedAndChangesNothing) {
  for (const std::uint64_t length : {5, 126, 65536}) {
    const Buffer wire = test::wire_header({.mask = {{1, 2, 3, 4}}}, length);
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
      FrameHeader header{.rsv = 5, .opcode = 7, .payload_len = 99};
      EXPECT_FALSE(decode_header(Bytes(wire).first(cut), header)) << cut;
      EXPECT_EQ(header.rsv, 5);
      EXPECT_EQ(header.opcode, 7);
      EXPECT_EQ(header.payload_len, 99U);
    }
  }
}

TEST(FrameHeader, MasksOfAnEarlierFrameDoNotStay) {
  FrameHeader header;
  ASSERT_TRUE(decode_header(test::hex("81 80 01020304"), header));
  ASSERT_TRUE(decode_header(test::hex("81 00"), header));
  EXPECT_EQ(header.mask, MaskKey{});
}

TEST(FrameHeader, FrameLenCountsHeaderAndPayload) {
  FrameHeader header;
  ASSERT_TRUE(decode_header(test::hex("82 ff 0000000000010000 01020304"), header));
  EXPECT_EQ(header.frame_len(), 14U + 65536);
}

TEST(FrameHeader, MinimalLenIsThatOfTheShortestForm) {
  for (const std::uint64_t length : kLengths) {
    EXPECT_EQ(minimal_header_len(length, false), test::wire_header({}, length).size()) << length;
    EXPECT_EQ(minimal_header_len(length, true), test::wire_header({.mask = {{1, 2, 3, 4}}}, length).size())
        << length;
  }
}

TEST(FrameHeader, EncodesEveryLengthAsShortAsPossible) {
  for (const std::uint64_t length : kLengths) {
    for (const bool masked : {false, true}) {
      FrameHeader header{
          .fin = true, .masked = masked, .opcode = kText, .header_len = 14, .payload_len = length};
      WireFrame frame;
      if (masked) {
        header.mask = {std::byte{9}, std::byte{8}, std::byte{7}, std::byte{6}};
        frame.mask = {9, 8, 7, 6};
      }
      Buffer out(kMaxHeader);
      out.resize(encode_header(header, out));
      EXPECT_EQ(to_hex(out), to_hex(test::wire_header(frame, length))) << length;
    }
  }
}

TEST(FrameHeader, EncodesWhatItDecodedForEveryFirstByte) {
  for (unsigned first = 0; first < 256; ++first) {
    const Buffer wire = {static_cast<std::byte>(first), std::byte{3}};
    FrameHeader header;
    ASSERT_TRUE(decode_header(wire, header));
    Buffer out(kMaxHeader);
    out.resize(encode_header(header, out));
    EXPECT_EQ(out, wire) << first;
  }
}

TEST(FrameHeader, EncodingWritesNoByteBeyondWhatItReturns) {
  Buffer out(kMaxHeader, std::byte{0xee});
  EXPECT_EQ(encode_header({.fin = true, .opcode = kPing}, out), 2U);
  EXPECT_EQ(to_hex(Bytes(out).subspan(2)), "eeeeeeeeeeeeeeeeeeeeeeee");
}

}  // namespace
}  // namespace wstap::ws

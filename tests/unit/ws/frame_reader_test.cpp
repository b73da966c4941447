// SPDX-License-Identifier: Apache-2.0
// A byte stream cut into frames: every vector at every split, in one buffer and byte by byte (RFC 6455 5.2).
#include "libcore/ws/frame_reader.h"

#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/wire.h"

namespace wstap::ws {
namespace {

using Step = FrameReader::Step;

constexpr std::uint64_t kLimit = 16U << 20;

struct Vector {
  const char* name;
  const char* start;  ///< the first bytes of the frame, in hex; any others of the payload are filled up
  std::uint8_t header_len;
  std::uint64_t payload_len;
  std::uint8_t opcode = kBinary;
  const char* mask = "";  ///< in hex; empty: not masked
  bool fin = true;
  std::uint8_t rsv = 0;

  friend void PrintTo(const Vector& row, std::ostream* out) { *out << row.name; }

  Buffer wire() const {
    const Buffer given = test::hex(start);
    return test::concat({given, test::random_bytes(header_len + payload_len - given.size(), 1)});
  }
};

class FrameReaderWire : public testing::TestWithParam<Vector> {};

void expect_frame(const Frame& frame, const Vector& expected, Bytes wire) {
  EXPECT_EQ(frame.header.fin, expected.fin);
  EXPECT_EQ(frame.header.rsv, expected.rsv);
  EXPECT_EQ(frame.header.opcode, expected.opcode);
  EXPECT_EQ(frame.header.masked, *expected.mask != '\0');
  EXPECT_EQ(to_hex(frame.header.mask), frame.header.masked ? expected.mask : "00000000");
  EXPECT_EQ(frame.header.header_len, expected.header_len);
  EXPECT_EQ(frame.header.payload_len, expected.payload_len);
  EXPECT_EQ(frame.raw.data(), wire.data());
  EXPECT_EQ(frame.raw.size(), wire.size());
  EXPECT_EQ(frame.payload().data(), wire.data() + expected.header_len);
  EXPECT_EQ(frame.payload().size(), expected.payload_len);
}

// FRM-2
TEST_P(FrameReaderWire, IsReadFromOneBuffer) {
  const Buffer wire = GetParam().wire();
  FrameReader reader(kLimit);
  Frame frame;
  Bytes in = wire;
  ASSERT_EQ(reader.next(in, frame), Step::frame);
  expect_frame(frame, GetParam(), wire);
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(reader.offset(), wire.size());
  EXPECT_EQ(reader.next(in, frame), Step::need_more);
  EXPECT_EQ(reader.wanted(), 2U);
}

TEST_P(FrameReaderWire, AtEverySplitTheFirstPartIsLeftUntouchedAndTheWholeIsTheFrame) {
  const Buffer wire = GetParam().wire();
  for (std::size_t cut = 0; cut < wire.size(); ++cut) {
    FrameReader reader(kLimit);
    Frame frame;
    Bytes in = Bytes(wire).first(cut);
    ASSERT_EQ(reader.next(in, frame), Step::need_more) << cut;
    ASSERT_EQ(in.size(), cut);
    ASSERT_EQ(reader.offset(), 0U) << cut;
    in = wire;
    ASSERT_EQ(reader.next(in, frame), Step::frame) << cut;
    ASSERT_EQ(frame.raw.size(), wire.size()) << cut;
    ASSERT_TRUE(in.empty()) << cut;
  }
}

TEST_P(FrameReaderWire, ByteByByteItSaysHowMuchMoreItWants) {
  const Buffer wire = GetParam().wire();
  FrameReader reader(kLimit);
  Frame frame;
  for (std::size_t have = 0; have < wire.size(); ++have) {
    Bytes in = Bytes(wire).first(have);
    ASSERT_EQ(reader.next(in, frame), Step::need_more) << have;
    const std::size_t wanted = have < 2                       ? 2
                               : have < GetParam().header_len ? GetParam().header_len
                                                              : wire.size();
    ASSERT_EQ(reader.wanted(), wanted) << have;
  }
  Bytes in = wire;
  ASSERT_EQ(reader.next(in, frame), Step::frame);
  expect_frame(frame, GetParam(), wire);
}

// FRM-1
TEST_P(FrameReaderWire, WhatFollowsStaysForTheNextStep) {
  const Buffer wire = GetParam().wire();
  const Buffer stream = test::concat({wire, test::hex("8a 01 78"), test::hex("89")});
  FrameReader reader(kLimit);
  Frame frame;
  Bytes in = stream;
  ASSERT_EQ(reader.next(in, frame), Step::frame);
  expect_frame(frame, GetParam(), Bytes(stream).first(wire.size()));
  ASSERT_EQ(reader.next(in, frame), Step::frame);
  EXPECT_EQ(to_hex(frame.raw), "8a0178");
  EXPECT_EQ(reader.offset(), wire.size() + 3);
  ASSERT_EQ(reader.next(in, frame), Step::need_more);
  EXPECT_EQ(to_hex(in), "89");
}

std::string name_of(const testing::TestParamInfo<Vector>& row) {
  return row.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Rfc6455Section5_7, FrameReaderWire,
    testing::Values(Vector{"Text", "81 05 48656c6c6f", 2, 5, kText},
                    Vector{"MaskedText", "81 85 37fa213d 7f9f4d5158", 6, 5, kText, "37fa213d"},
                    Vector{"FirstFragment", "01 03 48656c", 2, 3, kText, "", false},
                    Vector{"LastFragment", "80 02 6c6f", 2, 2, kContinuation},
                    Vector{"Ping", "89 05 48656c6c6f", 2, 5, kPing},
                    Vector{"MaskedPong", "8a 85 37fa213d 7f9f4d5158", 6, 5, kPong, "37fa213d"},
                    Vector{"Binary256", "82 7e 0100", 4, 256},
                    Vector{"Binary64KiB", "82 7f 0000000000010000", 10, 65536}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    BordersOfLength, FrameReaderWire,
    testing::Values(Vector{"Empty", "82 00", 2, 0},
                    Vector{"MaskedEmpty", "82 80 01020304", 6, 0, kBinary, "01020304"},
                    Vector{"Of125", "82 7d", 2, 125}, Vector{"Of126", "82 7e 007e", 4, 126},
                    Vector{"Of127", "82 7e 007f", 4, 127}, Vector{"Of65535", "82 7e ffff", 4, 65535},
                    Vector{"Of65536", "82 7f 0000000000010000", 10, 65536},
                    Vector{"Masked125", "82 fd 01020304", 6, 125, kBinary, "01020304"},
                    Vector{"Masked126", "82 fe 007e 01020304", 8, 126, kBinary, "01020304"},
                    Vector{"Masked65535", "82 fe ffff 01020304", 8, 65535, kBinary, "01020304"},
                    Vector{"Masked65536", "82 ff 0000000000010000 01020304", 14, 65536, kBinary, "01020304"}),
    name_of);

// FRM-5: read as they are, and reported elsewhere.
INSTANTIATE_TEST_SUITE_P(NonMinimalLength, FrameReaderWire,
                         testing::Values(Vector{"EmptyIn16Bits", "82 7e 0000", 4, 0},
                                         Vector{"Of125In16Bits", "82 7e 007d", 4, 125},
                                         Vector{"EmptyIn64Bits", "82 7f 0000000000000000", 10, 0},
                                         Vector{"Of125In64Bits", "82 7f 000000000000007d", 10, 125},
                                         Vector{"Of65535In64Bits", "82 7f 000000000000ffff", 10, 65535},
                                         Vector{"MaskedIn64Bits", "82 ff 0000000000000005 01020304", 14, 5,
                                                kBinary, "01020304"}),
                         name_of);

// FRM-2, FRM-5
INSTANTIATE_TEST_SUITE_P(
    UnusualBits, FrameReaderWire,
    testing::Values(Vector{"CompressedHelloOfRfc7692", "c1 07 f248cdc9c90700", 2, 7, kText, "", true, 4},
                    Vector{"Rsv2AndRsv3", "b2 00", 2, 0, kBinary, "", true, 3},
                    Vector{"ReservedOpcode3", "83 01 00", 2, 1, 3},
                    Vector{"ReservedOpcodeFWithAllRsvAndNoFin", "7f 00", 2, 0, 15, "", false, 7},
                    Vector{"LongPing", "89 7e 007e", 4, 126, kPing},
                    Vector{"FragmentedClose", "08 00", 2, 0, kClose, "", false}),
    name_of);

TEST(FrameReader, ReadsARandomStreamFrameByFrame) {
  std::mt19937 engine(6455);
  std::vector<Buffer> frames;
  Buffer stream;
  for (int i = 0; i < 500; ++i) {
    frames.push_back(test::wire(test::random_frame(engine, 300)));
    append(stream, frames.back());
  }
  FrameReader reader(kLimit);
  Frame frame;
  Bytes in = stream;
  for (const auto& expected : frames) {
    ASSERT_EQ(reader.next(in, frame), Step::frame);
    ASSERT_EQ(to_hex(frame.raw), to_hex(expected));
  }
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(reader.offset(), stream.size());
}

}  // namespace
}  // namespace wstap::ws

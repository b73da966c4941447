// SPDX-License-Identifier: Apache-2.0
// Masking at every length, alignment and overlap, compared with the definition of RFC 6455 5.3.
#include "libcore/ws/mask.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/bytes.h"

namespace wstap::ws {
namespace {

using test::hex;
using test::random_bytes;

constexpr std::size_t kLongest = 70;  // two vector registers of 32 bytes and some
constexpr MaskKey kKey = {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};
constexpr MaskKey kOther = {std::byte{0x80}, std::byte{0x01}, std::byte{0xff}, std::byte{0x00}};

/// The definition: octet i of the result is octet i of the input XOR octet i mod 4 of the key.
Buffer masked_by_definition(Bytes from, MaskKey key) {
  Buffer to;
  for (std::size_t i = 0; i < from.size(); ++i) to.push_back(from[i] ^ key[i % 4]);
  return to;
}

TEST(Mask, GivesTheExampleOfRfc6455Section57) {
  Buffer hello = test::bytes("Hello");
  mask_in_place(hello, kKey);
  EXPECT_EQ(to_hex(hello), "7f9f4d5158");
}

TEST(Mask, AgreesWithTheDefinitionAtEveryLengthAndAlignment) {
  const Buffer source = random_bytes(kLongest + 32, 1);
  for (std::size_t length = 0; length <= kLongest; ++length) {
    for (std::size_t from = 0; from < 32; ++from) {
      for (const std::size_t to : {0, 1, 7, 8, 31}) {
        const Bytes input = Bytes(source).subspan(from, length);
        Buffer out(kLongest + 64, std::byte{0xee});
        mask_into(out.data() + to, input, kKey);
        const Buffer guard(out.size() - length, std::byte{0xee});
        Buffer expected = test::concat(
            {Bytes(guard).first(to), masked_by_definition(input, kKey), Bytes(guard).subspan(to)});
        ASSERT_EQ(out, expected) << "length " << length << " from " << from << " to " << to;
      }
    }
  }
}

TEST(Mask, MayOverlapForwardsAtEveryDistance) {
  const Buffer source = random_bytes(2 * kLongest + 64, 2);
  for (std::size_t length = 0; length <= kLongest; ++length) {
    for (std::size_t distance = 0; distance <= kLongest; ++distance) {
      Buffer data = source;
      const Buffer expected = masked_by_definition(Bytes(source).subspan(distance, length), kKey);
      mask_into(data.data(), Bytes(data).subspan(distance, length), kKey);
      ASSERT_EQ(to_hex(Bytes(data).first(length)), to_hex(expected))
          << "length " << length << " distance " << distance;
      ASSERT_TRUE(std::equal(data.begin() + static_cast<std::ptrdiff_t>(length + distance), data.end(),
                             source.begin() + static_cast<std::ptrdiff_t>(length + distance)))
          << "length " << length << " distance " << distance;
    }
  }
}

TEST(Mask, AgreesWithTheDefinitionOnLongPayloads) {
  for (const std::size_t length : {1000, 4096, 65535, 65536, 1'000'003}) {
    const Buffer source = random_bytes(length, 3);
    Buffer data = source;
    mask_in_place(data, kKey);
    EXPECT_TRUE(data == masked_by_definition(source, kKey)) << length;
  }
}

TEST(Mask, TwiceWithTheSameKeyGivesTheBytesBack) {
  const Buffer source = random_bytes(kLongest, 4);
  Buffer data = source;
  mask_in_place(data, kKey);
  ASSERT_NE(data, source);
  mask_in_place(data, kKey);
  EXPECT_EQ(data, source);
}

TEST(Mask, AChangeOfKeyIsOnePassWithTheXorOfBoth) {
  for (std::size_t length = 0; length <= kLongest; ++length) {
    const Buffer plain = random_bytes(length, 5);
    Buffer data = masked_by_definition(plain, kKey);
    mask_in_place(data, kKey ^ kOther);
    ASSERT_EQ(data, masked_by_definition(plain, kOther)) << length;
  }
}

TEST(Mask, KeysXorByteByByte) {
  EXPECT_EQ(to_hex(kKey ^ kOther), "b7fbde3d");
  EXPECT_EQ(kKey ^ kKey, MaskKey{});
  EXPECT_EQ(kKey ^ MaskKey{}, kKey);
}

TEST(Mask, APayloadInTwoPiecesNeedsTheKeyRotated) {
  const Buffer plain = random_bytes(kLongest, 6);
  const Buffer whole = masked_by_definition(plain, kKey);
  for (std::size_t cut = 0; cut <= kLongest; ++cut) {
    Buffer data = plain;
    mask_in_place(MutableBytes(data).first(cut), kKey);
    mask_in_place(MutableBytes(data).subspan(cut), rotated(kKey, cut));
    ASSERT_EQ(data, whole) << cut;
  }
}

TEST(Mask, RotationTakesOffsetsBeyond32Bits) {
  EXPECT_EQ(to_hex(rotated(kKey, 0)), "37fa213d");
  EXPECT_EQ(to_hex(rotated(kKey, 0x100000001)), "fa213d37");
  EXPECT_EQ(to_hex(rotated(kKey, 0xfffffffffffffffe)), "213d37fa");
  EXPECT_EQ(to_hex(rotated(kKey, 0xffffffffffffffff)), "3d37fa21");
}

}  // namespace
}  // namespace wstap::ws

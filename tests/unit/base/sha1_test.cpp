// SPDX-License-Identifier: Apache-2.0
// SHA-1 against the vectors of RFC 3174 section 7.3, and at every length around the ends of blocks.
#include "libcore/base/sha1.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/bytes.h"

namespace wstap {
namespace {

std::string sha1_hex(std::string_view message) {
  return to_hex(sha1(as_bytes(message)));
}

TEST(Sha1, AgreesWithRfc3174Section73) {
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(sha1_hex(std::string(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  EXPECT_EQ(sha1_hex(test::repeated("0123456701234567012345670123456701234567012345670123456701234567", 10)),
            "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

TEST(Sha1, OfNothing) {
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

// The length in bits and the one bit need 9 bytes: from 56 on they take a block of their own.
TEST(Sha1, PadsEveryLengthAroundTheEndOfABlock) {
  constexpr std::pair<std::size_t, std::string_view> kDigestsOfManyA[] = {
      {54, "b05d71c64979cb95fa74a33cdb31a40d258ae02e"},  {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
      {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},  {57, "f08f24908d682555111be7ff6f004e78283d989a"},
      {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},  {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
      {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},  {119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"},
      {120, "f34c1488385346a55709ba056ddd08280dd4c6d6"}, {127, "89d95fa32ed44a7c610b7ee38517ddf57e0bb975"},
      {128, "ad5b3fdbcb526778c2839d2f151ea753995e26a0"}, {129, "d96debf1bdcbc896e6c134ea76e8141f40d78536"},
  };
  for (const auto& [length, digest] : kDigestsOfManyA)
    EXPECT_EQ(sha1_hex(std::string(length, 'a')), digest) << length;
}

}  // namespace
}  // namespace wstap

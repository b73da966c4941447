// SPDX-License-Identifier: Apache-2.0
// Hexadecimal and base64, both ways and with everything that is refused.
#include "libcore/base/hex.h"

#include <gtest/gtest.h>

#include "tests/support/bytes.h"

namespace wstap {
namespace {

using test::bytes;

std::string all_256() {
  std::string text;
  for (int value = 0; value < 256; ++value) text += static_cast<char>(value);
  return text;
}

TEST(Hex, WritesTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex(as_bytes(std::string_view("\x00\x09\x9a\xff", 4))), "00099aff");
}

TEST(Hex, ReadsEitherCaseAndSkipsWhiteSpace) {
  EXPECT_EQ(from_hex("00099aff"), bytes(std::string_view("\x00\x09\x9a\xff", 4)));
  EXPECT_EQ(from_hex(" AB\tcd\r\n0 1 "), bytes("\xab\xcd\x01"));
  EXPECT_EQ(from_hex(""), Buffer());
  EXPECT_EQ(from_hex(" \n"), Buffer());
}

TEST(Hex, RefusesOddDigitsAndOtherCharacters) {
  for (const std::string_view text :
       {"0", "000", "0 ", "0g", "g0", "0x00", "00-11", "\xff\xff", "@0", "`0", ":0"})
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

TEST(Hex, AllBytesSurviveTheWayThereAndBack) {
  const std::string all = all_256();
  EXPECT_EQ(from_hex(to_hex(as_bytes(all))), bytes(all));
}

struct Pair {
  std::string_view plain, base64;
};
// RFC 4648 section 10, and one for the last two digits.
constexpr Pair kPairs[] = {{"", ""},
                           {"f", "Zg=="},
                           {"fo", "Zm8="},
                           {"foo", "Zm9v"},
                           {"foob", "Zm9vYg=="},
                           {"fooba", "Zm9vYmE="},
                           {"foobar", "Zm9vYmFy"},
                           {"\xfb\xff", "+/8="}};

TEST(Base64, AgreesWithRfc4648Section10) {
  for (const auto& [plain, base64] : kPairs) {
    EXPECT_EQ(to_base64(as_bytes(plain)), base64);
    EXPECT_EQ(from_base64(base64), bytes(plain)) << base64;
  }
}

TEST(Base64, AllBytesSurviveAtEveryLength) {
  const std::string all = all_256() + all_256();
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const Bytes part = as_bytes(std::string_view(all).substr(all.size() - size));
    EXPECT_EQ(from_base64(to_base64(part)), to_buffer(part)) << size;
  }
}

TEST(Base64, RefusesWhatIsNotStrict) {
  const std::string_view refused[] = {
      "Z",    "Zg",    "Zg=",     "Zm9vZg",                              // not padded
      "====", "=",     "Z===",    "A===",   "A=A=", "Zg==Zg==", "Zm=v",  // padding elsewhere
      "Zh==", "Zm9=",                                                    // bits beyond the last byte
      "Zm9 ", " Zm9v", "Zm\n9",   "Zm9v\n",                              // white space
      "Zm9-", "Zm9_",  "Zm9\xff", "Zm9.",                                // other digits
  };
  for (const auto text : refused) EXPECT_EQ(from_base64(text), std::nullopt) << text;
  EXPECT_EQ(from_base64(std::string_view("Zm\0v", 4)), std::nullopt);
}

}  // namespace
}  // namespace wstap

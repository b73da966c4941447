// SPDX-License-Identifier: Apache-2.0
// ASCII as HTTP uses it: tokens, case, comma-separated lists, numbers.
#include "libcore/base/ascii.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace wstap {
namespace {

using testing::ElementsAre;

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> found;
  while (!list.empty()) found.emplace_back(next_element(list));
  return found;
}

TEST(Ascii, LowersLettersAndNothingElse) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const auto letter = kUpper.find(c);
    EXPECT_EQ(ascii_lower(c), letter == std::string_view::npos ? c : kLower[letter]) << value;
  }
}

TEST(Ascii, DigitsAreTheTenOfAscii) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    EXPECT_EQ(is_digit(c), std::string_view("0123456789").find(c) != std::string_view::npos) << value;
  }
}

TEST(Ascii, TokenCharactersAreThoseOfRfc9110Section562) {
  const std::string allowed = std::string(kUpper) + std::string(kLower) + "0123456789" + "!#$%&'*+-.^_`|~";
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    EXPECT_EQ(is_token_char(c), allowed.find(c) != std::string::npos) << value;
  }
}

TEST(Ascii, TokenIsNotEmptyAndAllTokenCharacters) {
  EXPECT_TRUE(is_token("permessage-deflate"));
  EXPECT_TRUE(is_token("x"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("two words"));
  EXPECT_FALSE(is_token("a,b"));
  EXPECT_FALSE(is_token("\"a\""));
  EXPECT_FALSE(is_token("caf\xc3\xa9"));
  EXPECT_FALSE(is_token(std::string_view("a\0b", 3)));
}

TEST(Ascii, ComparesWithoutCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(iequals("WebSocket", "wEBsOCKET"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("websocket", "websocket2"));
  EXPECT_FALSE(iequals("websocket2", "websocket"));
  EXPECT_FALSE(iequals("\xc4", "\xe4"));  // the same letter in Latin-1, but not in ASCII
  EXPECT_FALSE(iequals("[", "{"));        // 32 apart like letters are
}

TEST(Ascii, LowersText) {
  EXPECT_EQ(to_lower("Sec-WebSocket-KEY: A1\xc4"), "sec-websocket-key: a1\xc4");
  EXPECT_EQ(to_lower(""), "");
}

TEST(Ascii, TrimsSpacesAndTabsAtTheEnds) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("ab"), "ab");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\ra\n"), "\ra\n");
}

TEST(Ascii, CutsListsAtCommas) {
  EXPECT_THAT(elements("a"), ElementsAre("a"));
  EXPECT_THAT(elements("a, b ,\tc"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(elements(""), ElementsAre());
  EXPECT_THAT(elements(", ,a"), ElementsAre("", "", "a"));
}

TEST(Ascii, CommasInsideQuotesDoNotCut) {
  EXPECT_THAT(elements(R"(a="1,2", b)"), ElementsAre(R"(a="1,2")", "b"));
  EXPECT_THAT(elements(R"(a="1\",2", b)"), ElementsAre(R"(a="1\",2")", "b"));
  EXPECT_THAT(elements(R"(a="1\\", b)"), ElementsAre(R"(a="1\\")", "b"));
  EXPECT_THAT(elements(R"(a\, b)"), ElementsAre(R"(a\)", "b"));  // outside quotes a backslash is nothing
}

TEST(Ascii, AnOpenQuoteReachesToTheEndOfTheList) {
  EXPECT_THAT(elements(R"(a="1, b)"), ElementsAre(R"(a="1, b)"));
  EXPECT_THAT(elements("a=\"1\\"), ElementsAre("a=\"1\\"));
}

TEST(Ascii, FindsTokensInLists) {
  EXPECT_TRUE(list_has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(list_has_token("UPGRADE", "upgrade"));
  EXPECT_TRUE(list_has_token(",,upgrade", "upgrade"));
  EXPECT_FALSE(list_has_token("upgrade-insecure, not upgrade", "upgrade"));
  EXPECT_FALSE(list_has_token("\"upgrade\"", "upgrade"));
  EXPECT_FALSE(list_has_token("", "upgrade"));
}

TEST(Ascii, ReadsUnsignedDecimals) {
  EXPECT_EQ(parse_decimal<std::uint16_t>("0"), 0);
  EXPECT_EQ(parse_decimal<std::uint16_t>("00080"), 80);
  EXPECT_EQ(parse_decimal<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_decimal<std::uint64_t>("18446744073709551615"), UINT64_MAX);
}

TEST(Ascii, RefusesWhatIsNotAllDecimalOrTooLarge) {
  for (const std::string_view text : {"", " 1", "1 ", "+1", "-1", "1.0", "0x10", "1e3", "a"})
    EXPECT_EQ(parse_decimal<std::uint16_t>(text), std::nullopt) << '"' << text << '"';
  EXPECT_EQ(parse_decimal<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_decimal<std::uint64_t>("18446744073709551616"), std::nullopt);
}

}  // namespace
}  // namespace wstap

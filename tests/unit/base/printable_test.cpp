// SPDX-License-Identifier: Apache-2.0
// What a terminal may be shown of a peer's bytes: nothing that acts on it (INS-5).
#include "libcore/base/printable.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/bytes.h"
#include "tests/support/naive_utf8.h"

namespace wstap {
namespace {

using test::code_points;
using test::encoded;
using test::encoded_in;
using test::text;

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

bool is_direction_mark(std::uint32_t code) {
  for (const std::uint32_t mark :
       {0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069})
    if (code == mark) return true;
  return false;
}

std::string shown(std::uint32_t code) {
  return printable(text(encoded(code)));
}

TEST(Printable, LeavesPlainTextAlone) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("{\"a\": [1, '~']}"), "{\"a\": [1, '~']}");
  EXPECT_EQ(printable("Grüße, 漢字 и 🙂"), "Grüße, 漢字 и 🙂");
}

TEST(Printable, WritesLineEndsTabsAndBackslashesAsLetters) {
  EXPECT_EQ(printable("a\nb\rc\td\\e"), R"(a\nb\rc\td\\e)");
}

// INS-5
TEST(Printable, EscapesEveryC0ControlAndDel) {
  for (std::uint32_t code = 0; code < 0x80; ++code) {
    if (!is_control(code) || code == '\n' || code == '\r' || code == '\t') continue;
    EXPECT_EQ(shown(code), fmt::format("\\x{:02x}", code));
  }
}

// INS-5
TEST(Printable, EscapesEveryC1Control) {
  for (std::uint32_t code = 0x80; code < 0xa0; ++code)
    EXPECT_EQ(shown(code), fmt::format("\\u{{{:x}}}", code));
}

// INS-5
TEST(Printable, EscapesMarksThatTurnTextAround) {
  EXPECT_EQ(shown(0x202e), "\\u{202e}");
  EXPECT_EQ(shown(0x2067), "\\u{2067}");
  EXPECT_EQ(shown(0x61c), "\\u{61c}");
}

// INS-5
TEST(Printable, EscapesLineAndParagraphSeparators) {
  EXPECT_EQ(shown(0x2028), "\\u{2028}");
  EXPECT_EQ(shown(0x2029), "\\u{2029}");
}

// INS-5
TEST(Printable, EscapesWhatCannotBeSeen) {
  for (const std::uint32_t code : {0x200b, 0x2060, 0xfeff, 0xe0041})
    EXPECT_EQ(shown(code), fmt::format("\\u{{{:x}}}", code));
  EXPECT_EQ(shown(0x200d), text(encoded(0x200d))) << "joins emoji and letters";
}

bool is_invisible(std::uint32_t code) {
  return code == 0x200b || (code >= 0x2060 && code <= 0x2064) || code == 0xfeff ||
         (code >= 0xe0000 && code <= 0xe007f);
}

TEST(Printable, ShowsEveryOtherCharacterAsItIs) {
  for (std::uint32_t code = 0; code <= 0x10ffff; code += code < 0x10000 ? 1 : 0xfd) {
    if (!test::is_scalar_value(code)) continue;
    const bool escaped = is_control(code) || is_direction_mark(code) || is_invisible(code) ||
                         code == 0x2028 || code == 0x2029 || code == '\\';
    ASSERT_EQ(shown(code) != text(encoded(code)), escaped) << fmt::format("U+{:04X}", code);
  }
}

// INS-5: a byte that is not UTF-8 could be a control to a terminal that is not either.
TEST(Printable, EscapesEachByteThatIsNotUtf8) {
  for (unsigned byte = 0x80; byte < 0x100; ++byte) {
    const std::string alone(1, static_cast<char>(byte));
    EXPECT_EQ(printable(alone), fmt::format("\\x{:02x}", byte));
    EXPECT_EQ(printable("a" + alone + "b"), fmt::format("a\\x{:02x}b", byte));
  }
}

// INS-5
TEST(Printable, EscapesOverlongSurrogateAndOutOfRangeForms) {
  EXPECT_EQ(printable(text(encoded_in(0x1b, 2))), "\\xc0\\x9b");
  EXPECT_EQ(printable(text(encoded_in(0x1b, 3))), "\\xe0\\x80\\x9b");
  EXPECT_EQ(printable(text(encoded_in(0x1b, 4))), "\\xf0\\x80\\x80\\x9b");
  EXPECT_EQ(printable(text(encoded_in(0x7ff, 3))), "\\xe0\\x9f\\xbf");
  EXPECT_EQ(printable(text(encoded_in(0xffff, 4))), "\\xf0\\x8f\\xbf\\xbf");
  EXPECT_EQ(printable(text(encoded(0xd800))), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable(text(encoded(0xdfff))), "\\xed\\xbf\\xbf");
  EXPECT_EQ(printable(text(encoded_in(0x110000, 4))), "\\xf4\\x90\\x80\\x80");
}

TEST(Printable, ACharacterCutShortLosesNothingBehindIt) {
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xe2\x82z"), "\\xe2\\x82z");
  EXPECT_EQ(printable("\xf0\x9f\x99\xc3\xa9"), "\\xf0\\x9f\\x99\xc3\xa9");
}

// INS-5
TEST(Printable, AnyBytesBecomeUtf8WithoutControls) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const std::string out = printable(text(test::random_bytes(seed * 3, seed)));
    const auto codes = code_points(as_bytes(out));
    ASSERT_TRUE(codes.has_value()) << seed;
    for (const auto code : *codes) EXPECT_FALSE(is_control(code) || is_direction_mark(code)) << seed;
  }
}

TEST(AppendPrintable, AppendsAndSaysThatAllWasUsed) {
  std::string out = "> ";
  EXPECT_TRUE(append_printable(out, as_bytes("a\n"), 2));
  EXPECT_EQ(out, "> a\\n");
}

TEST(AppendPrintable, CutsAtTheLimitBetweenTwoCharacters) {
  const std::string_view input = "aé漢🙂";  // 1 + 2 + 3 + 4 bytes
  const std::string_view expected[] = {"",     "a",    "a",    "aé",   "aé",    "aé",
                                       "aé漢", "aé漢", "aé漢", "aé漢", "aé漢🙂"};
  for (std::size_t limit = 0; limit < std::size(expected); ++limit) {
    std::string out;
    EXPECT_EQ(append_printable(out, as_bytes(input), limit), limit == input.size()) << limit;
    EXPECT_EQ(out, expected[limit]) << limit;
  }
}

TEST(AppendPrintable, TheLimitCountsInputNotEscapes) {
  std::string out;
  EXPECT_FALSE(append_printable(out, test::hex("000000"), 2));
  EXPECT_EQ(out, "\\x00\\x00");
}

}  // namespace
}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// Text as JSON: what RFC 8259 wants escaped, and everything that a terminal would act upon (INS-5).
#include "formats/json_text.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "tests/support/bytes.h"
#include "tests/support/naive_utf8.h"

namespace wstap::formats {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_text(out, text);
  return out;
}

/// What another reader of JSON takes `json` for.
std::string parsed(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsString()) return "not a JSON string: " + json;
  return {document.GetString(), document.GetStringLength()};
}

TEST(JsonText, EscapesWhatMustBe) {
  EXPECT_EQ(escaped(R"(a"b\c/d)"), R"(a\"b\\c/d)");
  EXPECT_EQ(escaped("\b\f\n\r\t"), R"(\b\f\n\r\t)");
  EXPECT_EQ(escaped(std::string_view("\0\x01\x1f", 3)), R"(\u0000\u0001\u001f)");
}

TEST(JsonText, EscapesAllControlCharacters) {  // INS-5
  EXPECT_EQ(escaped("\x1b[31m"), R"(\u001b[31m)");
  EXPECT_EQ(escaped("\x7f"), R"(\u007f)");
  EXPECT_EQ(escaped("\u0080 \u009b31m \u009f"), R"(\u0080 \u009b31m \u009f)");
}

TEST(JsonText, EscapesWhatTurnsTextAroundOrHasNoWidth) {  // INS-5
  EXPECT_EQ(escaped("a\u202eb\u2066c\u061cd\u200fe"), R"(a\u202eb\u2066c\u061cd\u200fe)");
  EXPECT_EQ(escaped("\u2028\u2029\u200b\u2060\ufeff"), R"(\u2028\u2029\u200b\u2060\ufeff)");
  EXPECT_EQ(escaped("\U000e0041"), R"(\udb40\udc41)");
}

TEST(JsonText, LeavesAllElseAsItIs) {
  for (const auto* text : {"", "plain", "\u00a0\u00a9\u00bf", "\u00e9\u6f22\u5b57\U0001f600", "~ }", "a/b",
                           "\u2019\u2026\u20ac", "\u0627\u0644", "\uff01\ufb01", "\U000f0000"})
    EXPECT_EQ(escaped(text), text);
}

// Characters are looked at by blocks: each place in a block, in texts of every length around two blocks.
TEST(JsonText, FindsWhatIsToBeEscapedAtEveryPlace) {
  for (const std::string_view special :
       {"\"", "\n", "\x7f", "\u0085", "\u00a9", "\u6f22", "\u202e", "\u2019", "\U000e0041"}) {
    for (std::size_t size = 0; size < 40; ++size) {
      for (std::size_t at = 0; at <= size; ++at) {
        std::string text(size, 'x');
        text.insert(at, special);
        const std::string escape = escaped(special);
        std::string expected(size, 'x');
        expected.insert(at, escape);
        ASSERT_EQ(escaped(text), expected) << size << " " << at;
      }
    }
  }
}

TEST(JsonText, AppendsToWhatIsThere) {
  std::string out = "before\n";
  append_json_text(out, "\n");
  EXPECT_EQ(out, "before\n\\n");
}

TEST(JsonText, EveryCharacterComesBack) {
  for (std::uint32_t code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 97) {
    if (!test::is_scalar_value(code)) continue;
    const std::string text = "x" + test::text(test::encoded(code)) + "y";
    ASSERT_EQ(parsed(json_string(text)), text) << std::hex << code;
  }
}

TEST(JsonText, WhatIsNotUtf8IsMadePrintable) {
  EXPECT_EQ(json_string("ok"), R"("ok")");
  EXPECT_EQ(json_string("a\xff\n"), R"("a\\xff\\n")");
}

}  // namespace
}  // namespace wstap::formats

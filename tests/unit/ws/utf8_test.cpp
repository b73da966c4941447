// SPDX-License-Identifier: Apache-2.0
// UTF-8 validation: every class of bytes, every border of RFC 3629, every split.
#include "libcore/ws/utf8.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/bytes.h"
#include "tests/support/naive_utf8.h"

namespace wstap::ws {
namespace {

using test::code_points;
using test::encoded;
using test::encoded_in;
using test::hex;

/// The byte of `text` from which on feed() said no; its size when it never did.
std::size_t first_refused(Bytes text) {
  Utf8Validator validator;
  std::size_t at = 0;
  while (at < text.size() && validator.feed(text.subspan(at, 1))) ++at;
  return at;
}

TEST(Utf8, NothingIsValid) {
  EXPECT_TRUE(is_utf8({}));
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed({}));
  EXPECT_TRUE(validator.complete());
}

// The lowest and highest byte of every range that RFC 3629 section 4 tells apart, in every sequence of up to
// four: all borders between valid and invalid are crossed.
TEST(Utf8, AgreesWithTheSlowDecoderOnEverySequenceOfBorderBytes) {
  const Buffer borders = hex("00 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff");
  const std::size_t count = borders.size();
  for (std::size_t i = 0; i < count * count * count * count; ++i) {
    const Buffer text = {borders[i % count], borders[i / count % count], borders[i / count / count % count],
                         borders[i / count / count / count]};
    for (std::size_t length = 1; length <= 4; ++length) {
      const Bytes part = Bytes(text).first(length);
      ASSERT_EQ(is_utf8(part), code_points(part).has_value()) << to_hex(part);
    }
  }
}

TEST(Utf8, AgreesWithTheSlowDecoderOnEveryPairOfBytes) {
  for (unsigned i = 0; i < 0x10000; ++i) {
    const Buffer text = {static_cast<std::byte>(i >> 8), static_cast<std::byte>(i & 0xff)};
    ASSERT_EQ(is_utf8(text), code_points(text).has_value()) << to_hex(text);
  }
}

TEST(Utf8, AcceptsEveryScalarValueAndNoOtherCode) {
  for (std::uint32_t code = 0; code < 0x200000; ++code)
    ASSERT_EQ(is_utf8(encoded(code)), code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))
        << std::hex << code;
}

TEST(Utf8, RefusesEveryOverlongForm) {
  for (std::uint32_t code = 0; code < 0x10000; ++code)
    for (std::size_t length = test::shortest_encoding(code) + 1; length <= 4; ++length)
      ASSERT_FALSE(is_utf8(encoded_in(code, length))) << std::hex << code << " in " << length;
}

TEST(Utf8, RefusesFormsOfFiveAndSixBytes) {
  EXPECT_FALSE(is_utf8(hex("f8 88 80 80 80")));
  EXPECT_FALSE(is_utf8(hex("fc 84 80 80 80 80")));
}

TEST(Utf8, GivesTheSameAnswerAtEverySplit) {
  const Buffer valid = test::bytes("κόσμε, 0123456789abcdef 漢字 🙂\xf4\x8f\xbf\xbf end");
  ASSERT_TRUE(code_points(valid).has_value());
  for (std::size_t cut = 0; cut <= valid.size(); ++cut) {
    Utf8Validator validator;
    EXPECT_TRUE(validator.feed(Bytes(valid).first(cut))) << cut;
    EXPECT_EQ(validator.complete(), code_points(Bytes(valid).first(cut)).has_value()) << cut;
    EXPECT_TRUE(validator.feed(Bytes(valid).subspan(cut))) << cut;
    EXPECT_TRUE(validator.complete()) << cut;
  }
}

TEST(Utf8, EveryByteMissingFromACharacterIsNoticed) {
  for (const std::uint32_t code : {0x80U, 0x7ffU, 0x800U, 0xffffU, 0x10000U, 0x10ffffU}) {
    const Buffer character = encoded(code);
    for (std::size_t length = 1; length < character.size(); ++length) {
      Utf8Validator validator;
      EXPECT_TRUE(validator.feed(Bytes(character).first(length))) << std::hex << code;
      EXPECT_FALSE(validator.complete()) << std::hex << code << " cut at " << length;
      EXPECT_FALSE(validator.feed(as_bytes("z"))) << std::hex << code << " cut at " << length;
    }
  }
}

TEST(Utf8, ASplitInvalidTextIsRefusedAtTheSameByte) {
  const std::pair<const char*, std::size_t> rows[] = {
      {"c0 80", 0},       {"c1 bf", 0},    {"80", 0},       {"f5 80 80 80", 0},
      {"ff", 0},          {"e0 9f bf", 1}, {"ed a0 80", 1}, {"f0 8f bf bf", 1},
      {"f4 90 80 80", 1}, {"c2 41", 1},    {"e1 80 c0", 2}, {"f1 80 7f", 2},
      {"f1 80 80 c0", 3}, {"41 42 fe", 2}, {"c2 80 80", 2}, {"f0 90 80 80 bf", 4},
  };
  for (const auto& [digits, refused_at] : rows) {
    const Buffer text = hex(digits);
    EXPECT_EQ(first_refused(text), refused_at) << digits;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Utf8Validator validator;
      EXPECT_EQ(validator.feed(Bytes(text).first(cut)), cut <= refused_at) << digits << " at " << cut;
      EXPECT_FALSE(validator.feed(Bytes(text).subspan(cut))) << digits << " at " << cut;
    }
  }
}

TEST(Utf8, ABadByteIsFoundAnywhereInARunOfAscii) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t bad = 0; bad < size; ++bad) {
      Buffer text(size, std::byte{'a'});
      EXPECT_TRUE(is_utf8(text));
      text[bad] = std::byte{0x80};
      EXPECT_FALSE(is_utf8(text)) << bad << " of " << size;
      EXPECT_EQ(first_refused(text), bad);
    }
  }
}

TEST(Utf8, StaysInvalidUntilReset) {
  Utf8Validator validator;
  EXPECT_FALSE(validator.feed(hex("ff")));
  EXPECT_FALSE(validator.feed(as_bytes("fine")));
  EXPECT_FALSE(validator.feed({}));
  EXPECT_FALSE(validator.complete());
  validator.reset();
  EXPECT_TRUE(validator.feed(as_bytes("fine")));
  EXPECT_TRUE(validator.complete());
}

TEST(Utf8, ResetForgetsACharacterHalfRead) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed(hex("e2 82")));
  validator.reset();
  EXPECT_TRUE(validator.complete());
  EXPECT_FALSE(validator.feed(hex("ac")));
}

// LIM-3: where a text is cut.
TEST(Utf8, IsCutBetweenCharacters) {
  const auto text = hex("61 c3a4 e282ac f09f9880 62");
  const std::size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t limit = 0; limit < std::size(kept); ++limit)
    EXPECT_EQ(whole_characters(text, limit), kept[limit]) << limit;
}

TEST(Utf8, WhatIsNoTextIsCutWhereItIs) {
  const auto noise = hex("8080 8080 8080 8080");
  for (std::size_t limit = 3; limit <= noise.size(); ++limit)
    EXPECT_EQ(whole_characters(noise, limit), limit);
}

}  // namespace
}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// The nearest known name of a mistyped one (FIL-2).
#include "libcore/base/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace wstap {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"opcode", "payload", "payload.length", "dir", "seq"};

TEST(Nearest, FindsOneTypingErrorAndTwo) {
  EXPECT_EQ(nearest("opcodee", kNames), "opcode");
  EXPECT_EQ(nearest("pcode", kNames), "opcode");
  EXPECT_EQ(nearest("opocde", kNames), "opcode");  // neighbours swapped: one error
  EXPECT_EQ(nearest("paylaod.lenght", kNames), "payload.length");
  EXPECT_EQ(nearest("OPCODE", kNames), "opcode");
  EXPECT_EQ(nearest("sep", kNames), "seq");
}

TEST(Nearest, DoesNotGuessWildly) {
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest("url", kNames), "");
  EXPECT_EQ(nearest("something", kNames), "");
  EXPECT_EQ(nearest(std::string(1000, 'a'), kNames), "");
  EXPECT_EQ(did_you_mean("something", kNames), "");
}

TEST(Nearest, SaysItInWords) {
  EXPECT_EQ(did_you_mean("opcodes", kNames), " (did you mean 'opcode'?)");
}

}  // namespace
}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// Bytes, text and integers in network order; errors and clocks as values.
#include "libcore/base/bytes.h"

#include <gtest/gtest.h>

#include <ctime>

#include "libcore/base/clock.h"
#include "libcore/base/result.h"
#include "tests/support/bytes.h"

namespace wstap {
namespace {

using test::hex;

TEST(Bytes, TextAndBytesViewTheSameMemory) {
  const std::string text("a\0\xff", 3);
  const Bytes bytes = as_bytes(text);
  EXPECT_EQ(bytes.size(), 3U);
  EXPECT_EQ(static_cast<const void*>(bytes.data()), text.data());
  EXPECT_EQ(bytes[2], std::byte{0xff});
  EXPECT_EQ(as_text(bytes), text);
  EXPECT_EQ(as_text({}), "");
}

TEST(Bytes, BuffersAreCopiesAndGrow) {
  Buffer buffer = to_buffer(as_bytes("ab"));
  append(buffer, hex("00ff"));
  append(buffer, "c");
  EXPECT_EQ(to_hex(buffer), "616200ff63");
}

TEST(Bytes, LoadsNetworkOrderFromTheFirstBytes) {
  const Buffer bytes = hex("0102030405060708 ff");
  EXPECT_EQ(load_be<std::uint8_t>(bytes), 0x01);
  EXPECT_EQ(load_be<std::uint16_t>(bytes), 0x0102);
  EXPECT_EQ(load_be<std::uint32_t>(bytes), 0x01020304U);
  EXPECT_EQ(load_be<std::uint64_t>(bytes), 0x0102030405060708U);
  EXPECT_EQ(load_be<std::uint64_t>(hex("ffffffffffffffff")), UINT64_MAX);
}

TEST(Bytes, StoresNetworkOrderAndNothingBehind) {
  Buffer bytes = hex("eeeeeeeeeeeeeeee ee");
  store_be(std::uint16_t{0xfe01}, MutableBytes(bytes));
  EXPECT_EQ(to_hex(bytes), "fe01eeeeeeeeeeeeee");
  store_be(std::uint64_t{0xf102030405060708}, MutableBytes(bytes));
  EXPECT_EQ(to_hex(bytes), "f102030405060708ee");
}

TEST(Error, SaysMessageAndNumbers) {
  const auto code = std::make_error_code(std::errc::no_such_file_or_directory);
  EXPECT_EQ((Error{code, "", 0}).text(), code.message());
  EXPECT_EQ((Error{code, "path=/x", 0}).text(), code.message() + ": path=/x");
}

TEST(Error, TravelsAsAFailedResult) {
  const auto code = std::make_error_code(std::errc::file_too_large);
  const Result<int> result = fail(code, "size=5 limit=4", 17);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, std::errc::file_too_large);
  EXPECT_EQ(result.error().detail, "size=5 limit=4");
  EXPECT_EQ(result.error().offset, 17U);
}

TEST(SystemClock, CountsNanosecondsOfUnixTime) {
  constexpr UnixNs kDay = UnixNs{24} * 3600 * 1'000'000'000;
  SystemClock clock;
  const UnixNs now = clock.now_ns();
  const UnixNs expected = UnixNs{std::time(nullptr)} * 1'000'000'000;
  EXPECT_LT(now - expected, kDay);  // wide enough for any step of the clock
  EXPECT_LT(expected - now, kDay);
}

}  // namespace
}  // namespace wstap

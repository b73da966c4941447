// SPDX-License-Identifier: Apache-2.0
// Where a head ends in a growing buffer (RFC 9112 section 2), and the limit on its size (LIM-4).
#include <gtest/gtest.h>

#include <string>

#include "libcore/http1/errors.h"
#include "libcore/http1/head_parser.h"

namespace wstap::http1 {
namespace {

using Found = std::optional<std::size_t>;

/// Shows the finder ever longer prefixes of `text`, `step` bytes at a time.
/// @return the length of the head and, in `shown`, how much of the text it took to say so.
Found find_growing(std::string_view text, std::size_t step, std::size_t& shown) {
  HeadFinder finder(64 * 1024);
  for (shown = 0; shown < text.size();) {
    shown = std::min(text.size(), shown + step);
    const auto found = finder.find(as_bytes(text.substr(0, shown)));
    if (!found) throw std::runtime_error(found.error().text());
    if (*found) return *found;
  }
  return std::nullopt;
}

TEST(HeadFinder, FindsTheBlankLineAtEveryStep) {
  const std::string head = "GET /chat HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
  const std::string text = head + "\x81\x05 the first frame \r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    SCOPED_TRACE(step);
    std::size_t shown = 0;
    EXPECT_EQ(find_growing(text, step, shown), head.size());
    EXPECT_LT(shown - head.size(), step) << "it said so later than it could";
  }
}

TEST(HeadFinder, FindsTheBlankLineAtEverySplitInTwo) {
  const std::string head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
  for (std::size_t cut = 0; cut <= head.size(); ++cut) {
    SCOPED_TRACE(cut);
    HeadFinder finder(1024);
    const auto early = finder.find(as_bytes(head).first(cut));
    ASSERT_TRUE(early.has_value());
    EXPECT_EQ(*early, cut == head.size() ? Found(head.size()) : Found());
    if (*early) continue;
    const auto whole = finder.find(as_bytes(head));
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(*whole, head.size());
  }
}

TEST(HeadFinder, BareLineFeedsEndLinesSoThatTheParserCanRefuseThem) {
  std::size_t shown = 0;
  EXPECT_EQ(find_growing("GET / HTTP/1.1\nHost: a\n\nrest", 1, shown), 24U);
  EXPECT_EQ(find_growing("GET / HTTP/1.1\r\nHost: a\n\r\nrest", 1, shown), 26U);
}

TEST(HeadFinder, ACarriageReturnAloneEndsNothing) {
  std::size_t shown = 0;
  EXPECT_EQ(find_growing("GET / HTTP/1.1\r\nA: b\r\r\r\r\n", 1, shown), Found());
  EXPECT_EQ(find_growing("GET / HTTP/1.1\r\n\r\r\n", 1, shown), Found()) << "a line that holds a return";
  EXPECT_EQ(find_growing("GET / HTTP/1.1\r\n \r\n", 1, shown), Found()) << "a line that holds a space";
}

// LIM-4
TEST(HeadFinder, AHeadOfExactlyTheLimitIsFoundAndOneByteMoreIsNot) {
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  for (const std::size_t size : {64UL, 64UL * 1024}) {
    SCOPED_TRACE(size);
    const std::string head = start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
    ASSERT_EQ(head.size(), size);

    HeadFinder exact(size);
    const auto incomplete = exact.find(as_bytes(head).first(size - 1));
    ASSERT_TRUE(incomplete.has_value());
    EXPECT_EQ(*incomplete, Found());
    const auto found = exact.find(as_bytes(head + "body"));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, size);

    HeadFinder small(size - 1);
    const auto refused = small.find(as_bytes(head));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::head_too_large);
    EXPECT_EQ(refused.error().offset, size - 1);
    EXPECT_EQ(refused.error().detail, "limit=" + std::to_string(size - 1));
  }
}

TEST(HeadFinder, AnEndlessLineIsRefusedAsSoonAsItPassesTheLimit) {
  const std::string text = "GET /" + std::string(60, 'a');
  HeadFinder finder(64);
  const auto fits = finder.find(as_bytes(text).first(64));
  ASSERT_TRUE(fits.has_value());
  EXPECT_EQ(*fits, Found());
  const auto passes = finder.find(as_bytes(text));
  ASSERT_FALSE(passes.has_value());
  EXPECT_EQ(passes.error().code, Errc::head_too_large);
}

TEST(BlankPrefix, CountsWholeEmptyLinesOnly) {
  EXPECT_EQ(blank_prefix(as_bytes("")), 0U);
  EXPECT_EQ(blank_prefix(as_bytes("GET / HTTP/1.1\r\n")), 0U);
  EXPECT_EQ(blank_prefix(as_bytes("\r\nGET / HTTP/1.1\r\n")), 2U);
  EXPECT_EQ(blank_prefix(as_bytes("\r\n\r\n")), 4U);
  EXPECT_EQ(blank_prefix(as_bytes("\r")), 0U) << "its line feed may follow";
  EXPECT_EQ(blank_prefix(as_bytes("\r\n\r")), 2U);
  EXPECT_EQ(blank_prefix(as_bytes("\n\nGET")), 0U) << "bare line feeds are for the parser to refuse";
}

}  // namespace
}  // namespace wstap::http1

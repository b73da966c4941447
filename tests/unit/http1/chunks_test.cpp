// SPDX-License-Identifier: Apache-2.0
// Chunked bodies written and read again: content and trailers, for any split (RFC 9112 section 7.1).
#include "libcore/http1/chunks.h"

#include <gtest/gtest.h>

#include "libcore/http1/body.h"
#include "libcore/http1/head_parser.h"

namespace wstap::http1 {
namespace {

constexpr BodyFraming kChunked{BodyFraming::Kind::chunked, 0};

/// The content that a reader finds in `wire`, shown in two parts. @param lines  the trailers.
std::string content_of(BodyFraming framing, Bytes wire, std::size_t cut, std::string& lines) {
  BodyReader reader(framing);
  std::string content;
  for (Bytes part : {wire.first(cut), wire.subspan(cut)}) {
    while (!part.empty() && !reader.done()) {
      const auto piece = reader.next(part);
      if (!piece) return "error: " + piece.error().text();
      EXPECT_NE(piece->bytes, 0U) << "no progress";
      content += as_text(piece->content);
      part = part.subspan(piece->bytes);
    }
  }
  EXPECT_TRUE(reader.done());
  lines = reader.trailer_lines();
  return content;
}

// H2-3
TEST(Chunks, AreReadAsTheyWereWrittenAtEverySplit) {
  Buffer wire;
  append_chunk(wire, as_bytes("one"));
  append_chunk(wire, as_bytes("and sixteen more"));
  Fields trailers;
  trailers.add("X-Sum", "1");
  trailers.add("X-Odd", "a: b");
  append_last_chunk(wire, trailers);
  EXPECT_EQ(as_text(wire), "3\r\none\r\n10\r\nand sixteen more\r\n0\r\nX-Sum: 1\r\nX-Odd: a: b\r\n\r\n");
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    std::string lines;
    EXPECT_EQ(content_of(kChunked, wire, cut, lines), "oneand sixteen more");
    EXPECT_EQ(lines, "X-Sum: 1\r\nX-Odd: a: b\r\n");
  }
}

TEST(Chunks, MayHaveNothingBehindThem) {
  Buffer wire;
  append_last_chunk(wire, {});
  EXPECT_EQ(as_text(wire), "0\r\n\r\n");
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    std::string lines;
    EXPECT_EQ(content_of(kChunked, wire, cut, lines), "");
    EXPECT_EQ(lines, "");
  }
}

TEST(Chunks, ExtensionsAreNoContent) {
  std::string lines;
  EXPECT_EQ(content_of(kChunked, as_bytes("3;a=\"b\"\r\nabc\r\n0;x\r\n\r\n"), 0, lines), "abc");
}

TEST(Chunks, ABodyOfKnownLengthIsAllContent) {
  std::string lines;
  EXPECT_EQ(content_of({BodyFraming::Kind::length, 5}, as_bytes("helloGET /"), 2, lines), "hello");
}

TEST(Trailers, AreFields) {
  const auto fields = parse_trailers("X-Sum: 1\r\nx-two:2\r\n", Strictness::strict);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->list().size(), 2U);
  EXPECT_EQ(fields->joined("X-Two"), "2");
  EXPECT_TRUE(parse_trailers("", Strictness::strict)->list().empty());
  EXPECT_FALSE(parse_trailers("X-Bad : 1\r\n", Strictness::strict));
}

}  // namespace
}  // namespace wstap::http1

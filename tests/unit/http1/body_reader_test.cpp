// SPDX-License-Identifier: Apache-2.0
// Where a body ends (RFC 9112 section 7.1 for chunked), for any split of its bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/http1/body.h"
#include "libcore/http1/errors.h"

namespace wstap::http1 {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

constexpr BodyFraming kChunked{BodyFraming::Kind::chunked, 0};

/// What became of `wire`, shown in pieces.
struct Outcome {
  std::size_t taken = 0;
  bool done = false;
  std::optional<Error> error;
};

Outcome read_in_pieces(BodyFraming framing, std::string_view wire, std::size_t first, std::size_t piece) {
  BodyReader reader(framing);
  Outcome outcome;
  for (std::size_t shown = 0, next = first; shown < wire.size(); next = piece) {
    const auto part = wire.substr(shown, next);
    shown += part.size();
    const auto taken = reader.take(as_bytes(part));
    if (!taken) {
      outcome.error = taken.error();
      return outcome;
    }
    outcome.taken += *taken;
    outcome.done = reader.done();
    if (reader.done()) break;
    EXPECT_EQ(*taken, part.size()) << "all of it belongs to a body that is not done";
  }
  return outcome;
}

/// Every split in two, and every size of equal pieces.
void at_every_split(BodyFraming framing, std::string_view wire,
                    const std::function<void(const Outcome&)>& check) {
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    check(read_in_pieces(framing, wire, cut, wire.size()));
  }
  for (std::size_t piece = 1; piece <= 7; ++piece) {
    SCOPED_TRACE("pieces of " + std::to_string(piece));
    check(read_in_pieces(framing, wire, piece, piece));
  }
}

TEST(BodyReader, WithoutABodyIsDoneAtOnceAndTakesNothing) {
  BodyReader reader(BodyFraming{});
  EXPECT_TRUE(reader.done());
  const auto taken = reader.take(as_bytes("GET"));
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(*taken, 0U);
}

TEST(BodyReader, CountsALengthAtEverySplit) {
  at_every_split({BodyFraming::Kind::length, 5}, "helloGET / HTTP/1.1", [](const Outcome& outcome) {
    EXPECT_EQ(outcome.taken, 5U);
    EXPECT_TRUE(outcome.done);
  });
}

TEST(BodyReader, ALengthOver4GiBIsNotCutShort) {
  const std::uint64_t bytes = (1ULL << 32) + 3;
  BodyReader reader({BodyFraming::Kind::length, bytes});
  const std::string piece(1 << 20, 'x');
  for (std::uint64_t left = bytes; left != 0;) {
    EXPECT_FALSE(reader.done());
    const auto taken = reader.take(as_bytes(piece));
    ASSERT_TRUE(taken.has_value());
    ASSERT_EQ(*taken, std::min<std::uint64_t>(left, piece.size()));
    left -= *taken;
  }
  EXPECT_TRUE(reader.done());
}

TEST(BodyReader, UntilCloseTakesEverythingAndIsNeverDone) {
  BodyReader reader({BodyFraming::Kind::until_close, 0});
  EXPECT_TRUE(reader.ends_with_stream());
  for (const std::string_view part : {"0\r\n\r\n", "", "more"}) {
    const auto taken = reader.take(as_bytes(part));
    ASSERT_TRUE(taken.has_value());
    EXPECT_EQ(*taken, part.size());
    EXPECT_FALSE(reader.done());
  }
  EXPECT_FALSE(BodyReader(kChunked).ends_with_stream());
}

struct Body {
  const char* name;
  std::string wire;
};

class ChunkedBody : public testing::TestWithParam<Body> {};

// UPG-2
TEST_P(ChunkedBody, EndsInTheSamePlaceAtEverySplit) {
  const auto& wire = GetParam().wire;
  at_every_split(kChunked, wire + "HTTP/1.1 200 OK\r\n", [&](const Outcome& outcome) {
    ASSERT_FALSE(outcome.error.has_value()) << outcome.error->text();
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.taken, wire.size());
  });
}

TEST_P(ChunkedBody, IsNotDoneAByteEarlier) {
  const auto outcome =
      read_in_pieces(kChunked, std::string_view(GetParam().wire).substr(0, GetParam().wire.size() - 1), 1, 3);
  EXPECT_FALSE(outcome.error.has_value());
  EXPECT_FALSE(outcome.done);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9112Section7_1, ChunkedBody,
    testing::Values(Body{"Empty", "0\r\n\r\n"},  //
                    Body{"OneChunk", "5\r\nhello\r\n0\r\n\r\n"},
                    Body{"SeveralChunks", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"},
                    Body{"HexInBothCases", "0a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"},
                    Body{"LeadingZeros", "0005\r\nhello\r\n0000\r\n\r\n"},
                    Body{"DataThatLooksLikeChunks", "d\r\n0\r\n\r\n0\r\n\r\nGET\r\n0\r\n\r\n"},
                    Body{"BinaryData", "4\r\n\0\r\n\xff\r\n0\r\n\r\n"s},
                    Body{"Extensions", "5;a=b;c=\"d;e\"\r\nhello\r\n0;last\r\n\r\n"},
                    Body{"SpaceBehindSize", "5 \r\nhello\r\n0\t;x\r\n\r\n"},
                    Body{"Trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n"},
                    Body{"TrailersAfterNothing", "0\r\nA: b\r\n\r\n"}),
    [](const auto& row) { return std::string(row.param.name); });

struct Fault {
  const char* name;
  std::string wire;  ///< '^' stands before the first byte that cannot be, and is taken out
  const char* why;
};

class BadChunk : public testing::TestWithParam<Fault> {};

// UPG-9: a chunk that two parsers could end in different places.
TEST_P(BadChunk, IsRefusedAtItsPlaceAtEverySplit) {
  auto wire = GetParam().wire;
  const auto offset = wire.find('^');
  wire.erase(offset, 1);
  at_every_split(kChunked, wire, [&](const Outcome& outcome) {
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->code, Errc::bad_chunk);
    EXPECT_EQ(outcome.error->offset, offset);
    EXPECT_THAT(outcome.error->detail, HasSubstr(GetParam().why));
  });
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9112Section7_1, BadChunk,
    testing::Values(Fault{"NoSize", "^\r\n", "no size"}, Fault{"NoSizeButExtension", "^;a\r\n", "no size"},
                    Fault{"SpaceBeforeSize", "^ 5\r\nhello", "no size"},
                    Fault{"Negative", "^-1\r\n", "no size"}, Fault{"Plus", "^+5\r\nhello", "no size"},
                    Fault{"Prefix0x", "0^x5\r\nhello", "not a hexadecimal"},
                    Fault{"NotHex", "5^g\r\n", "not a hexadecimal"},
                    Fault{"SixteenDigits", "111111111111111^1\r\n", "too large"},
                    Fault{"BareLfBehindSize", "5^\nhello\r\n", "not a hexadecimal"},
                    Fault{"BareLfInExtension", "5;a^\nhello\r\n", "line feed without"},
                    Fault{"CrWithoutLfBehindSize", "5\r^hello", "without line feed"},
                    Fault{"CrInExtension", "5;a\r^b\r\nhello", "without line feed"},
                    Fault{"DataTooLong", "5\r\nhello^!\r\n", "longer than its size"},
                    Fault{"BareLfBehindData", "5\r\nhello^\n0\r\n", "longer than its size"},
                    Fault{"CrWithoutLfBehindData", "5\r\nhello\r^0", "without line feed"},
                    Fault{"BareLfInsteadOfTrailers", "0\r\n^\n", "line feed without"},
                    Fault{"BareLfInTrailer", "0\r\nA: b^\n\r\n", "line feed without"},
                    Fault{"RequestAsTrailer", "0\r\nA: b\r\nGET^ /admin HTTP/1.1\r\n\r\n", "without a colon"},
                    Fault{"BlankBeforeTrailer", "0\r\n^ A: b\r\n\r\n", "without a name"},
                    Fault{"CrInTrailer", "0\r\nA: b\r^c\r\n", "without line feed"},
                    Fault{"CrWithoutLfAtTheEnd", "0\r\n\r^x", "without line feed"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(BodyReader, LimitsOfASizeLineStartAnewWithEachChunk) {
  BodyReader reader(kChunked);
  const std::string chunk = "1;" + std::string(1000, 'x') + "\r\na\r\n";
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(reader.take(as_bytes(chunk)).has_value()) << i;
  ASSERT_TRUE(reader.take(as_bytes("0\r\n" + std::string(1000, 'T') + ": x\r\n\r\n")).has_value());
  EXPECT_TRUE(reader.done());
}

TEST(BodyReader, TheLargestSizeIsFifteenDigits) {
  BodyReader reader(kChunked);
  const std::string_view wire = "fffffffffffffff\r\nx";
  const auto taken = reader.take(as_bytes(wire));
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(*taken, wire.size());
  EXPECT_FALSE(reader.done());
}

// LIM-4
TEST(BodyReader, AnEndlessSizeLineIsRefused) {
  BodyReader reader(kChunked);
  const std::string extension = "5;" + std::string(16 * 1024 - 1, 'x');
  ASSERT_TRUE(reader.take(as_bytes(extension)).has_value());
  ASSERT_TRUE(reader.take(as_bytes("x")).has_value());
  const auto refused = reader.take(as_bytes("x"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::bad_chunk);
  EXPECT_EQ(refused.error().offset, extension.size() + 1);
}

// LIM-4
TEST(BodyReader, TrailersOver64KiBAreRefused) {
  const std::string line = "X: " + std::string(1019, 'y') + "\r\n";  // 1 KiB
  BodyReader reader(kChunked);
  ASSERT_TRUE(reader.take(as_bytes("0\r\n")).has_value());
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(reader.take(as_bytes(line)).has_value()) << i;
  const auto refused = reader.take(as_bytes("X"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::trailers_too_large);
  EXPECT_EQ(refused.error().offset, 3 + 64 * line.size());
}

}  // namespace
}  // namespace wstap::http1

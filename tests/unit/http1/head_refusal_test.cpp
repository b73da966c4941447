// SPDX-License-Identifier: Apache-2.0
// UPG-9: heads that two parsers could read differently. Strictly each is refused by name, at its place, with
// the status a client gets; leniently what can be read passes on as it came.
#include <gtest/gtest.h>

#include "libcore/http1/body.h"
#include "libcore/http1/errors.h"
#include "libcore/http1/head_parser.h"

namespace wstap::http1 {
namespace {

using namespace std::string_literals;

enum class Leniently : std::uint8_t { passes, refused };

struct Shape {
  const char* name;
  std::string text;  ///< the caret '^' marks where the fault stands, and is taken out
  Errc fault;
  int status = 400;
  Leniently leniently = Leniently::passes;

  std::size_t offset() const { return text.find('^'); }
  std::string wire() const {
    auto bytes = text;
    return bytes.erase(offset(), 1);
  }
};

std::string shape_name(const testing::TestParamInfo<Shape>& row) {
  return row.param.name;
}

template <class Head>
void expect_refused(const Result<Head>& head, const Shape& shape) {
  ASSERT_FALSE(head.has_value()) << shape.wire();
  EXPECT_EQ(head.error().code, shape.fault) << head.error().text();
  EXPECT_EQ(head.error().offset, shape.offset()) << head.error().text();
  EXPECT_EQ(status_for(head.error().code), shape.status);
}

class RequestShape : public testing::TestWithParam<Shape> {};

TEST_P(RequestShape, IsRefusedByNameAtItsPlace) {
  expect_refused(parse_request(as_bytes(GetParam().wire()), Strictness::strict), GetParam());
}

TEST_P(RequestShape, PassesLenientlyAsItCameOrIsStillRefused) {
  const auto wire = GetParam().wire();
  const auto head = parse_request(as_bytes(wire), Strictness::lenient);
  if (GetParam().leniently == Leniently::refused) {
    expect_refused(head, GetParam());
  } else {
    ASSERT_TRUE(head.has_value()) << head.error().text();
    EXPECT_EQ(head->text(), wire);
  }
}

const std::string kGet = "GET / HTTP/1.1\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Lines, RequestShape,
    testing::Values(Shape{"BareLfInRequestLine", "GET / HTTP/1.1^\nHost: a\r\n\r\n", Errc::bare_lf},
                    Shape{"BareLfInField", kGet + "Host: a^\nX: b\r\n\r\n", Errc::bare_lf},
                    Shape{"BareLfAsBlankLine", kGet + "Host: a\r\n^\n", Errc::bare_lf},
                    Shape{"CrInRequestLine", "GET /^\rX: HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bare_cr},
                    Shape{"CrInValue", kGet + "Host: a\r\nX: b^\rContent-Length: 5\r\n\r\n", Errc::bare_cr},
                    Shape{"CrBeforeCrLf", kGet + "Host: a^\r\r\n\r\n", Errc::bare_cr},
                    Shape{"CrBeforeColon", kGet + "Host: a\r\nX^\r: b\r\n\r\n", Errc::bare_cr},
                    Shape{"NulInValue", kGet + "Host: a^\0b\r\n\r\n"s, Errc::control_character},
                    Shape{"NulInName", kGet + "Host: a\r\nX^\0: b\r\n\r\n"s, Errc::control_character},
                    Shape{"NulInTarget", "GET /^\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, Errc::control_character},
                    Shape{"VerticalTabInValue", kGet + "Host: a\r\nX:^\vb\r\n\r\n", Errc::control_character},
                    Shape{"DeleteInValue", kGet + "Host: a\r\nX: ^\x7f\r\n\r\n", Errc::control_character},
                    Shape{"ObsFoldWithSpace", kGet + "Host: a\r\nX: b\r\n^ c\r\n\r\n", Errc::obs_fold},
                    Shape{"ObsFoldWithTab", kGet + "Host: a\r\nX: b\r\n^\tc: d\r\n\r\n", Errc::obs_fold},
                    Shape{"ObsFoldOfNothing", kGet + "Host: a\r\nX: b\r\n^ \r\n\r\n", Errc::obs_fold},
                    Shape{"SpaceBeforeTheFirstField", kGet + "^ Host: a\r\n\r\n", Errc::obs_fold},
                    Shape{"SpaceBeforeColon", kGet + "Host: a\r\nX^ : b\r\n\r\n", Errc::space_before_colon},
                    Shape{"TabBeforeColon", kPost + "Content-Length^\t: 5\r\n\r\n", Errc::space_before_colon},
                    Shape{"SpacesBeforeColon", kPost + "Transfer-Encoding  ^ : chunked\r\n\r\n",
                          Errc::space_before_colon},
                    Shape{"SpaceInsideName", kGet + "Host: a\r\n^X Y: b\r\n\r\n", Errc::bad_field_name},
                    Shape{"EmptyName", kGet + "Host: a\r\n^: b\r\n\r\n", Errc::bad_field_name},
                    Shape{"QuoteInName", kGet + "Host: a\r\n^X\"Y: b\r\n\r\n", Errc::bad_field_name},
                    Shape{"NameAbove127", kGet + "Host: a\r\n^X\xc2\xb5: b\r\n\r\n", Errc::bad_field_name},
                    Shape{"NoColon", kGet + "Host: a\r\n^X\r\n\r\n", Errc::missing_colon}),
    shape_name);

INSTANTIATE_TEST_SUITE_P(
    Framing, RequestShape,
    testing::Values(
        Shape{"LengthThenEncoding", kPost + "Content-Length: 5\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::length_with_transfer_encoding},
        Shape{"EncodingThenLength", kPost + "^Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
              Errc::length_with_transfer_encoding},
        Shape{"ZeroLengthWithEncoding", kPost + "content-length: 0\r\n^transfer-encoding: chunked\r\n\r\n",
              Errc::length_with_transfer_encoding},
        Shape{"TwoLengths", kPost + "Content-Length: 5\r\nX: y\r\n^content-length: 6\r\n\r\n",
              Errc::two_content_lengths},
        Shape{"TwoEqualLengths", kPost + "Content-Length: 5\r\n^Content-Length: 5\r\n\r\n",
              Errc::two_content_lengths},
        Shape{"LengthList", kPost + "^Content-Length: 5,5\r\n\r\n", Errc::two_content_lengths},
        Shape{"LengthListOfTwo", kPost + "^Content-Length: 5, 6\r\n\r\n", Errc::two_content_lengths},
        Shape{"LengthWithComma", kPost + "^Content-Length: 5,\r\n\r\n", Errc::two_content_lengths},
        Shape{"LengthWithPlus", kPost + "^Content-Length: +5\r\n\r\n", Errc::bad_content_length, 400,
              Leniently::refused},
        Shape{"LengthWithMinus", kPost + "^Content-Length: -1\r\n\r\n", Errc::bad_content_length, 400,
              Leniently::refused},
        Shape{"EmptyLength", kPost + "^Content-Length:\r\n\r\n", Errc::bad_content_length, 400,
              Leniently::refused},
        Shape{"HexLength", kPost + "^Content-Length: 0x5\r\n\r\n", Errc::bad_content_length, 400,
              Leniently::refused},
        Shape{"LengthWithSpace", kPost + "^Content-Length: 1 0\r\n\r\n", Errc::bad_content_length, 400,
              Leniently::refused},
        Shape{"LengthWithPoint", kPost + "^Content-Length: 5.0\r\n\r\n", Errc::bad_content_length, 400,
              Leniently::refused},
        Shape{"LengthOfTwoToThe64", kPost + "^Content-Length: 18446744073709551616\r\n\r\n",
              Errc::bad_content_length, 400, Leniently::refused},
        Shape{"EncodingTwice", kPost + "Transfer-Encoding: chunked\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::bad_transfer_encoding},
        Shape{"EncodingTwiceFirstEmpty", kPost + "Transfer-Encoding:\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::bad_transfer_encoding},
        Shape{"EncodingTwiceSecondEmpty", kPost + "Transfer-Encoding: chunked\r\n^Transfer-Encoding:\r\n\r\n",
              Errc::bad_transfer_encoding, 400, Leniently::refused},
        Shape{"EncodingTwiceLastIdentity",
              kPost + "Transfer-Encoding: chunked\r\n^Transfer-Encoding: identity\r\n\r\n",
              Errc::bad_transfer_encoding, 400, Leniently::refused},
        Shape{"ChunkedTwiceInAList", kPost + "^Transfer-Encoding: chunked, chunked\r\n\r\n",
              Errc::bad_transfer_encoding},
        Shape{"ChunkedNotLast", kPost + "^Transfer-Encoding: chunked, gzip\r\n\r\n",
              Errc::bad_transfer_encoding, 400, Leniently::refused},
        Shape{"ChunkedBehindAnother", kPost + "^Transfer-Encoding: gzip, chunked\r\n\r\n",
              Errc::bad_transfer_encoding},
        Shape{"UnknownEncoding", kPost + "^Transfer-Encoding: xchunked\r\n\r\n", Errc::bad_transfer_encoding,
              400, Leniently::refused},
        Shape{"QuotedEncoding", kPost + "^Transfer-Encoding: \"chunked\"\r\n\r\n",
              Errc::bad_transfer_encoding, 400, Leniently::refused},
        Shape{"EmptyEncoding", kPost + "^Transfer-Encoding:\r\n\r\n", Errc::bad_transfer_encoding, 400,
              Leniently::refused},
        Shape{"EncodingInHttp10", "POST / HTTP/1.0\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::bad_transfer_encoding}),
    shape_name);

INSTANTIATE_TEST_SUITE_P(
    Hosts, RequestShape,
    testing::Values(Shape{"TwoHosts", kGet + "Host: a\r\nX: y\r\n^host: b\r\n\r\n", Errc::two_hosts},
                    Shape{"TwoEqualHosts", kGet + "Host: a\r\n^Host: a\r\n\r\n", Errc::two_hosts},
                    Shape{"TwoHostsInHttp10", "GET / HTTP/1.0\r\nHost: a\r\n^Host: b\r\n\r\n",
                          Errc::two_hosts},
                    Shape{"NoHost", "^" + kGet + "X: y\r\n\r\n", Errc::missing_host},
                    Shape{"HostList", kGet + "^Host: a, b\r\n\r\n", Errc::bad_host},
                    Shape{"HostWithSpace", kGet + "^Host: a b\r\n\r\n", Errc::bad_host},
                    Shape{"HostWithUser", kGet + "^Host: a@b\r\n\r\n", Errc::bad_host},
                    Shape{"HostWithPath", kGet + "^Host: a/b\r\n\r\n", Errc::bad_host},
                    Shape{"HostWithBackslash", kGet + "^Host: a\\b\r\n\r\n", Errc::bad_host}),
    shape_name);

INSTANTIATE_TEST_SUITE_P(
    RequestLine, RequestShape,
    testing::Values(
        Shape{"NoVersion", "^GET /\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400, Leniently::refused},
        Shape{"NoTarget", "^GET HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"EmptyTarget", "GET ^ HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_target, 400, Leniently::refused},
        Shape{"EmptyMethod", "^ / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"MethodIsNoToken", "^GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"TabsBetweenParts", "^GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"TwoSpacesBeforeTarget", "GET ^ / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_target},
        Shape{"TwoSpacesBehindTarget", "GET ^/  HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_target},
        Shape{"SpaceInTarget", "GET ^/a b HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_target},
        Shape{"TabInTarget", "GET ^/a\tb HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_target},
        Shape{"FragmentInTarget", "GET ^/a#b HTTP/1.1\r\nHost: a\r\n\r\n", Errc::bad_target},
        Shape{"SpaceBehindVersion", "GET / HTTP/1.1 ^\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"LowerCaseVersion", "GET / ^http/1.1\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"Http2", "GET / ^HTTP/2.0\r\nHost: a\r\n\r\n", Errc::bad_version, 505, Leniently::refused},
        Shape{"Http12", "GET / ^HTTP/1.2\r\nHost: a\r\n\r\n", Errc::bad_version, 505, Leniently::refused},
        Shape{"Http09", "GET / ^HTTP/0.9\r\nHost: a\r\n\r\n", Errc::bad_version, 505, Leniently::refused},
        Shape{"LongVersion", "GET / ^HTTP/1.10\r\nHost: a\r\n\r\n", Errc::bad_request_line, 400,
              Leniently::refused},
        Shape{"EmptyLine", "^\r\n", Errc::bad_request_line, 400, Leniently::refused}),
    shape_name);

// From upstream the same shapes are a 502: the status is the session's to choose.
class ResponseShape : public testing::TestWithParam<Shape> {};

TEST_P(ResponseShape, IsRefusedByNameAtItsPlace) {
  const auto head = parse_response(as_bytes(GetParam().wire()), Strictness::strict);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().code, GetParam().fault) << head.error().text();
  EXPECT_EQ(head.error().offset, GetParam().offset()) << head.error().text();
}

TEST_P(ResponseShape, PassesLenientlyAsItCameOrIsStillRefused) {
  const auto wire = GetParam().wire();
  const auto head = parse_response(as_bytes(wire), Strictness::lenient);
  ASSERT_EQ(head.has_value(), GetParam().leniently == Leniently::passes);
  if (head)
    EXPECT_EQ(head->text(), wire);
  else
    EXPECT_EQ(head.error().code, GetParam().fault);
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";

INSTANTIATE_TEST_SUITE_P(
    Upg9, ResponseShape,
    testing::Values(
        Shape{"BareLf", "HTTP/1.1 200 OK^\n\r\n", Errc::bare_lf},
        Shape{"CrInReason", "HTTP/1.1 200 O^\rK\r\n\r\n", Errc::bare_cr},
        Shape{"NulInReason", "HTTP/1.1 200 ^\0\r\n\r\n"s, Errc::control_character},
        Shape{"ObsFold", kOk + "X: a\r\n^ b\r\n\r\n", Errc::obs_fold},
        Shape{"SpaceBeforeColon", kOk + "X^ : a\r\n\r\n", Errc::space_before_colon},
        Shape{"NoColon", kOk + "^X\r\n\r\n", Errc::missing_colon},
        Shape{"LengthWithEncoding", kOk + "Content-Length: 5\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::length_with_transfer_encoding},
        Shape{"TwoLengths", kOk + "Content-Length: 5\r\n^Content-Length: 5\r\n\r\n",
              Errc::two_content_lengths},
        Shape{"LengthList", kOk + "^Content-Length: 5, 5\r\n\r\n", Errc::two_content_lengths},
        Shape{"BadLength", kOk + "^Content-Length: five\r\n\r\n", Errc::bad_content_length},
        Shape{"EncodingTwice", kOk + "Transfer-Encoding:\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::bad_transfer_encoding},
        Shape{"UnknownEncoding", kOk + "^Transfer-Encoding: gzip\r\n\r\n", Errc::bad_transfer_encoding},
        Shape{"EncodingInHttp10", "HTTP/1.0 200 OK\r\n^Transfer-Encoding: chunked\r\n\r\n",
              Errc::bad_transfer_encoding}),
    shape_name);

INSTANTIATE_TEST_SUITE_P(
    StatusLine, ResponseShape,
    testing::Values(
        Shape{"NoStatus", "HTTP/1.1 ^\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"TwoDigits", "HTTP/1.1 ^20 OK\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"FourDigits", "HTTP/1.1 ^2000 OK\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"BelowHundred", "HTTP/1.1 ^099 OK\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"Signed", "HTTP/1.1 ^+20 OK\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"TwoSpaces", "HTTP/1.1 ^ 200 OK\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"Icy", "^ICY 200 OK\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"OtherProtocol", "^SSH-2.0-x 200\r\n\r\n", Errc::bad_status_line, 0, Leniently::refused},
        Shape{"Http2", "^HTTP/2 200 OK\r\n\r\n", Errc::bad_version, 0, Leniently::refused}),
    shape_name);

// What wstap itself takes from a head that it passes on must be what the head says first, or what RFC 9112
// says where it says something.
TEST(LenientReading, FoldedLinesContinueTheirField) {
  const auto text = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n  c: d\r\n\t\r\n\te\r\nY:\r\n z\r\n\r\n"s;
  const auto head = parse_request(as_bytes(text), Strictness::lenient);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->fields.list().size(), 3U);
  EXPECT_EQ(*head->fields.find("X"), "b c: d e");
  EXPECT_EQ(*head->fields.find("Y"), "z");
}

TEST(LenientReading, AFoldedEncodingStillFramesTheBody) {
  const auto text = kPost + "Transfer-Encoding:\r\n chunked\r\n\r\n";
  const auto head = parse_request(as_bytes(text), Strictness::lenient);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(framing_of(*head), (BodyFraming{BodyFraming::Kind::chunked, 0}));
}

TEST(LenientReading, TakesTheFirstOfTwoLengthsAndEncodingBeforeLength) {
  const auto framing = [](const std::string& fields) {
    const auto head = parse_request(as_bytes(kPost + fields + "\r\n"), Strictness::lenient);
    return head ? framing_of(*head) : BodyFraming{BodyFraming::Kind::until_close, 0};
  };
  const BodyFraming five{BodyFraming::Kind::length, 5};
  EXPECT_EQ(framing("Content-Length: 5\r\nContent-Length: 6\r\n"), five);
  EXPECT_EQ(framing("Content-Length: 5, 6\r\n"), five);
  EXPECT_EQ(framing("Content-Length : 5\r\n"), five);
  EXPECT_EQ(framing("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").kind, BodyFraming::Kind::chunked);
}

TEST(LenientReading, DoesNotTakeAVerticalTabForWhiteSpace) {
  const auto text = kPost + "Transfer-Encoding:\vchunked\r\n\r\n";
  const auto head = parse_request(as_bytes(text), Strictness::lenient);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().code, Errc::bad_transfer_encoding);
}

TEST(LenientReading, NeverTurnsALineWithoutAColonIntoAField) {
  const auto text = kGet + "Host\r\nHost: a\r\n\r\n";
  const auto head = parse_request(as_bytes(text), Strictness::lenient);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->fields.count("Host"), 1U);
  EXPECT_EQ(*head->fields.find("Host"), "a");
}

}  // namespace
}  // namespace wstap::http1

// SPDX-License-Identifier: Apache-2.0
// ClientHellos (RFC 8446 4.1.2): read the same however they are cut, refused when their lengths do not add
// up.
#include "libcore/tls/client_hello.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/tls/errors.h"
#include "tests/unit/tls/hello_bytes.h"
#include "tests/unit/tls/openssl_peer.h"

namespace wstap::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ClientHello parsed(Bytes wire) {
  const auto hello = parse_client_hello(wire);
  if (!hello) throw std::runtime_error(hello.error().text());
  if (!*hello) throw std::runtime_error("incomplete");
  return **hello;
}

TEST(ClientHello, HoldsWhatItSays) {
  const auto hello = parsed(wire(example_of_ja4()));
  EXPECT_EQ(hello.legacy_version, 0x0303);
  EXPECT_EQ(hello.ciphers, example_of_ja4().ciphers);
  EXPECT_THAT(hello.extensions,
              ElementsAre(0x2a2a, 0x001b, 0, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023,
                          0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x5a5a, 0x0015));
  EXPECT_EQ(hello.server_name, "a.example");
  EXPECT_THAT(hello.alpn, ElementsAre("h2", "http/1.1"));
  EXPECT_THAT(hello.groups, ElementsAre(0x4a4a, 0x001d, 0x0017, 0x0018));
  EXPECT_THAT(hello.point_formats, ElementsAre(0));
  EXPECT_THAT(hello.signature_algorithms,
              ElementsAre(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601));
  EXPECT_THAT(hello.versions, ElementsAre(0x3a3a, 0x0304, 0x0303));
}

TEST(ClientHello, WithoutExtensionsHoldsNothingOfThem) {
  const auto hello = parsed(wire({.version = 0x0301, .ciphers = {0x002f}, .session_id = {}}));
  EXPECT_EQ(hello.legacy_version, 0x0301);
  EXPECT_THAT(hello.ciphers, ElementsAre(0x002f));
  EXPECT_THAT(hello.extensions, IsEmpty());
  EXPECT_EQ(hello.server_name, "");
}

// UPG-5: a hello may be split over segments.
TEST(ClientHello, IsIncompleteAtEveryPrefixAndDoesNotNeedWhatFollows) {
  const auto bytes = wire(example_of_ja4());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto hello = parse_client_hello(Bytes(bytes).first(length));
    ASSERT_TRUE(hello.has_value()) << length << ": " << hello.error().text();
    ASSERT_FALSE(hello->has_value()) << length;
  }
  EXPECT_EQ(parsed(test::concat({bytes, as_bytes("any bytes")})), parsed(bytes));
}

// UPG-5: and over records.
TEST(ClientHello, IsTheSameInRecordsOfAnySize) {
  const auto body = message(example_of_ja4().body());
  const auto whole = parsed(records(body));
  for (std::size_t most = 1; most <= body.size(); ++most) {
    const auto bytes = records(body, most);
    ASSERT_EQ(parsed(bytes), whole) << most;
    const auto early = parse_client_hello(Bytes(bytes).first(bytes.size() - 1));
    ASSERT_TRUE(early.has_value() && !early->has_value()) << most;
  }
}

TEST(ClientHello, TheNextMessageMayBeginInItsRecord) {
  const auto body = message(example_of_ja4().body());
  EXPECT_EQ(parsed(records(test::concat({body, test::hex("14000000")}))), parsed(records(body)));
}

TEST(ClientHello, OpensslsOwnAreRead) {
  for (const int highest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SCOPED_TRACE(highest);
    OpensslPeer peer(highest);
    SSL_set_tlsext_host_name(peer.ssl(), "server.example");
    const unsigned char protocols[] = "\x08http/1.1\x02h2";
    SSL_set_alpn_protos(peer.ssl(), protocols, sizeof protocols - 1);
    SSL_do_handshake(peer.ssl());
    const auto bytes = peer.said();
    const auto hello = parsed(bytes);
    EXPECT_EQ(hello.legacy_version, 0x0303);
    EXPECT_EQ(hello.server_name, "server.example");
    EXPECT_THAT(hello.alpn, ElementsAre("http/1.1", "h2"));
    EXPECT_THAT(hello.groups, testing::Contains(0x001d));
    EXPECT_THAT(hello.signature_algorithms, testing::Contains(0x0403));
    EXPECT_EQ(!hello.versions.empty() && hello.versions.front() == 0x0304, highest == TLS1_3_VERSION);
  }
}

TEST(ServerName, IsTheFirstHostName) {
  const auto name = [](const char* list) {
    return parsed(wire({.ciphers = {1}, .extensions = {{0, vector_of(2, test::hex(list))}}})).server_name;
  };
  EXPECT_EQ(name("00 0001 61"), "a");
  EXPECT_EQ(name("07 0001 61  00 0001 62"), "b") << "another kind of name comes first";
  EXPECT_EQ(name("00 0001 61  00 0001 62"), "a");
  EXPECT_EQ(name(""), "");
}

struct Fault {
  const char* name;
  Buffer wire;
  const char* why;
};

class NotAHello : public testing::TestWithParam<Fault> {};

TEST_P(NotAHello, IsRefused) {
  const auto hello = parse_client_hello(GetParam().wire);
  ASSERT_FALSE(hello.has_value());
  EXPECT_EQ(hello.error().code, Errc::not_tls);
  EXPECT_THAT(hello.error().detail, HasSubstr(GetParam().why));
}

TEST_P(NotAHello, IsNeverTakenForOneAtAnyPrefix) {
  for (std::size_t length = 0; length < GetParam().wire.size(); ++length) {
    const auto hello = parse_client_hello(Bytes(GetParam().wire).first(length));
    EXPECT_FALSE(hello && *hello) << length;
  }
}

Buffer with_extension(std::uint16_t type, const char* body) {
  return wire({.ciphers = {1}, .extensions = {{type, test::hex(body)}}});
}
/// The good start of a hello, and then this.
Buffer with_tail(const char* tail) {
  return records(message(test::concat({HelloBytes{.ciphers = {1}}.start(), test::hex(tail)})));
}

INSTANTIATE_TEST_SUITE_P(
    Records, NotAHello,
    testing::Values(Fault{"Http", test::bytes("GET / HTTP/1.1\r\n\r\n"), "not a handshake record"},
                    Fault{"OneByte", test::hex("17"), "not a handshake record"},
                    Fault{"Alert", test::hex("15 0301 0002 0100"), "not a handshake record"},
                    Fault{"OtherMajorVersion", test::hex("16 0201 0001 01"), "not a handshake record"},
                    Fault{"EmptyRecord", test::hex("16 0301 0000"), "record length"},
                    Fault{"RecordTooLong", test::hex("16 0301 4101"), "record length"},
                    Fault{"ServerHello", test::hex("16 0301 0004 02000000"), "no ClientHello"},
                    Fault{"AlertInsideAHello", test::hex("16 0301 0002 0100 15 0301 0002 0100"),
                          "not a handshake record"},
                    Fault{"MessageTooLong", test::hex("16 0301 0004 01010001"), "too large"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Lengths, NotAHello,
    testing::Values(
        Fault{"Empty", records(message({})), "cut off"},
        Fault{"NoCiphers", records(message(Buffer(35))), "cut off"},
        Fault{"OddCiphers", records(message(test::concat({Buffer(34), test::hex("00 0003 002f00 0100")}))),
              "cipher suites"},
        Fault{"CiphersPastTheEnd", records(message(test::concat({Buffer(34), test::hex("00 0004 002f")}))),
              "cipher suites"},
        Fault{"CompressionPastTheEnd",
              records(message(test::concat({Buffer(34), test::hex("00 0002 002f 0200")}))), "cut off"},
        Fault{"ExtensionsPastTheEnd", with_tail("0005 0000 0000"), "cut off"},
        Fault{"BytesBehindExtensions", with_tail("0000 00"), "behind"},
        Fault{"ExtensionPastTheList", with_tail("0004 4469 0001"), "extension is cut off"},
        Fault{"ExtensionWithoutLength", with_tail("0003 4469 00"), "extension is cut off"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Lists, NotAHello,
    testing::Values(Fault{"NameWithoutList", with_extension(0, ""), "does not add up"},
                    Fault{"NameListPastTheEnd", with_extension(0, "0005 00 0001 61"), "does not add up"},
                    Fault{"NamePastItsList", with_extension(0, "0004 00 0002 61"), "does not add up"},
                    Fault{"BytesBehindNames", with_extension(0, "0004 00 0001 61 ff"), "does not add up"},
                    Fault{"OddGroups", with_extension(10, "0003 001d00"), "does not add up"},
                    Fault{"GroupsPastTheEnd", with_extension(10, "0004 001d"), "does not add up"},
                    Fault{"PointFormatsPastTheEnd", with_extension(11, "02 00"), "does not add up"},
                    Fault{"OddAlgorithms", with_extension(13, "0001 04"), "does not add up"},
                    Fault{"ProtocolPastItsList", with_extension(16, "0003 03 6832"), "does not add up"},
                    Fault{"ProtocolsWithoutLength", with_extension(16, "00"), "does not add up"},
                    Fault{"OddVersions", with_extension(43, "03 0304 03"), "does not add up"},
                    Fault{"BytesBehindVersions", with_extension(43, "02 0304 03"), "does not add up"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ClientHello, ExtensionsItDoesNotReadMayHoldAnything) {
  EXPECT_THAT(parsed(with_extension(0x4469, "ff")).extensions, ElementsAre(0x4469));
}

TEST(ClientHello, IsBoundedTo64KiB) {
  HelloBytes hello{.ciphers = {1}, .extensions = {{0x0015, Buffer(60'000)}}};
  EXPECT_THAT(parsed(wire(hello)).extensions, ElementsAre(0x0015));
  // So many small records that they alone are over it: given up without waiting for the end.
  const auto endless = records(test::concat({test::hex("01 010000"), Buffer(65'000)}), 100);
  const auto refused = parse_client_hello(endless);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().detail, HasSubstr("too large"));
}

}  // namespace
}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// JA3 and JA4 (TLS-4), against the examples their authors publish.
#include <gtest/gtest.h>

#include "libcore/tls/client_hello.h"
#include "tests/unit/tls/hello_bytes.h"

namespace wstap::tls {
namespace {

ClientHello parsed(const HelloBytes& hello) {
  return parse_client_hello(wire(hello)).value().value();
}

// TLS-4
TEST(Ja3, IsWhatItsReadmeShows) {
  const auto full =
      parsed({.version = 769,
              .ciphers = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4},
              .extensions = {server_name("a"), groups({23, 24, 25}), point_formats(test::hex("00"))}});
  EXPECT_EQ(ja3_text(full), "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
  EXPECT_EQ(ja3(full), "ada70206e40642a3e4461f35503241d5");

  const auto bare = parsed({.version = 769, .ciphers = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}});
  EXPECT_EQ(ja3_text(bare), "769,4-5-10-9-100-98-3-6-19-18-99,,,");
  EXPECT_EQ(ja3(bare), "de350869b8c85de67a350c8d186f11e6");
}

// TLS-4
TEST(Ja3, LeavesGreaseOutAndKeepsTheOrder) {
  EXPECT_EQ(ja3_text(parsed(example_of_ja4())),
            "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,"
            "27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0");
}

// TLS-4
TEST(Ja4, IsWhatItsSpecificationShows) {
  EXPECT_EQ(ja4(parsed(example_of_ja4())), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

// TLS-4
TEST(Ja4, WithoutSignatureAlgorithmsHashesTheExtensionsAlone) {
  // The specification's example has extension 13 in its list although there are no algorithms.
  auto hello = parsed(example_of_ja4());
  hello.signature_algorithms.clear();
  EXPECT_EQ(ja4(hello), "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

// TLS-4
TEST(Ja4, DoesNotDependOnTheOrderOfCiphersAndExtensions) {
  auto hello = example_of_ja4();
  std::reverse(hello.ciphers.begin(), hello.ciphers.end());
  std::reverse(hello.extensions.begin(), hello.extensions.end());
  EXPECT_EQ(ja4(parsed(hello)), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4, WritesZerosForEmptyLists) {
  EXPECT_EQ(ja4(ClientHello{.legacy_version = 0x0303}), "t12i000000_000000000000_000000000000");
  EXPECT_EQ(ja4(parsed({.ciphers = {}, .extensions = {server_name("a"), alpn({"h2"})}})),
            "t12d0002h2_000000000000_000000000000");
}

TEST(Ja4, CountsStopAt99) {
  ClientHello hello{.legacy_version = 0x0303};
  hello.ciphers.assign(100, 0x1301);
  hello.extensions.assign(150, 0x0017);
  EXPECT_EQ(ja4(hello).substr(0, 10), "t12i999900");
}

TEST(Ja4, TakesTheHighestVersionOnOffer) {
  const auto version = [](std::uint16_t legacy, std::vector<std::uint16_t> offered) {
    return ja4(ClientHello{.legacy_version = legacy, .versions = std::move(offered)}).substr(1, 2);
  };
  EXPECT_EQ(version(0x0303, {0x0303, 0x0304, 0x7a7a}), "13");
  EXPECT_EQ(version(0x0303, {0x0302}), "11");
  EXPECT_EQ(version(0x0303, {0x7a7a}), "12") << "nothing but GREASE";
  EXPECT_EQ(version(0x0301, {}), "10");
  EXPECT_EQ(version(0x0300, {}), "s3");
  EXPECT_EQ(version(0x1234, {}), "00");
}

// The specification's own examples, and what it says beside them.
TEST(Ja4, WritesTheEndsOfTheFirstProtocolOrOfItsHexForm) {
  const std::pair<std::string, const char*> rows[] = {{"h2", "h2"},
                                                      {"http/1.1", "h1"},
                                                      {"h", "hh"},
                                                      {"", "00"},
                                                      {"\xab", "ab"},
                                                      {"\xab\xcd", "ad"},
                                                      {"0\xab", "3b"},
                                                      {"01\xab\xcd", "3d"},
                                                      {"0\xab\xcd"
                                                       "1",
                                                       "01"}};
  for (const auto& [protocol, expected] : rows)
    EXPECT_EQ(ja4(ClientHello{.legacy_version = 0x0303, .alpn = {protocol, "x"}}).substr(8, 2), expected)
        << protocol;
}

TEST(Grease, IsTheSixteenValuesOfRfc8701) {
  std::vector<unsigned> found, expected;
  for (unsigned value = 0; value <= 0xffff; ++value)
    if (is_grease(static_cast<std::uint16_t>(value))) found.push_back(value);
  for (unsigned value = 0x0a0a; value <= 0xfafa; value += 0x1010) expected.push_back(value);
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace wstap::tls

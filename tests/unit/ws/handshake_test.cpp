// SPDX-License-Identifier: Apache-2.0
// Sec-WebSocket-Accept and Sec-WebSocket-Extensions (RFC 6455 4.2.2 and 9.1).
#include "libcore/ws/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace wstap::ws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// "name[key=value][key]": brackets show where one thing ends.
std::string shown(const Extension& extension) {
  std::string text = extension.name;
  for (const auto& [key, value] : extension.parameters) text += '[' + key + (value ? '=' + *value : "") + ']';
  return text;
}

std::vector<std::string> parsed(std::string_view header_value) {
  std::vector<std::string> all;
  for (const auto& extension : parse_extensions(header_value)) all.push_back(shown(extension));
  return all;
}

Negotiated meaning(std::string_view header_value) {
  return negotiated(parse_extensions(header_value));
}

TEST(AcceptFor, GivesTheExampleOfRfc6455Section13) {
  EXPECT_EQ(accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(AcceptFor, HashesTheKeyAsWritten) {
  // base64(SHA-1(key + GUID)) by another implementation; neither key is 16 bytes of base64.
  EXPECT_EQ(accept_for(""), "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
  EXPECT_EQ(accept_for("not base64!"), "qNFXnHRWK9gXMY88SCqWaExzK/Q=");
}

TEST(ParseExtensions, ReadsNamesAndParametersInOrder) {
  EXPECT_THAT(parsed("permessage-deflate"), ElementsAre("permessage-deflate"));
  EXPECT_THAT(
      parsed("permessage-deflate; client_max_window_bits; server_max_window_bits=10, x-other"),
      ElementsAre("permessage-deflate[client_max_window_bits][server_max_window_bits=10]", "x-other"));
}

TEST(ParseExtensions, AllowsWhiteSpaceWhereHttpDoes) {
  EXPECT_THAT(parsed(" a ;\tb = 1 ; c\t,\t d"), ElementsAre("a[b=1][c]", "d"));
  EXPECT_THAT(parsed("a;b=1;c,d"), ElementsAre("a[b=1][c]", "d"));
}

TEST(ParseExtensions, TellsNoValueFromAValue) {
  const auto extensions = parse_extensions("a; b; c=d");
  ASSERT_EQ(extensions.size(), 1U);
  EXPECT_THAT(extensions[0].parameters, ElementsAre(Pair("b", std::nullopt), Pair("c", "d")));
}

TEST(ParseExtensions, RemovesQuotesAndBackslashes) {
  EXPECT_THAT(parsed(R"(a; b="10")"), ElementsAre("a[b=10]"));
  EXPECT_THAT(parsed(R"(a; b="\1\0"; c)"), ElementsAre("a[b=10][c]"));
  EXPECT_THAT(parsed(R"(a; b = "10" , c)"), ElementsAre("a[b=10]", "c"));
}

TEST(ParseExtensions, KeepsRepeatedElementsAndParameters) {
  EXPECT_THAT(parsed("a; b=1; b=2, a"), ElementsAre("a[b=1][b=2]", "a"));
}

TEST(ParseExtensions, PassesOverEmptyElements) {
  EXPECT_THAT(parsed(""), IsEmpty());
  EXPECT_THAT(parsed(" , ,\t"), IsEmpty());
  EXPECT_THAT(parsed(",a,,b,"), ElementsAre("a", "b"));
}

TEST(ParseExtensions, AMalformedElementKeepsItsTextAsName) {
  const std::string_view malformed[] = {
      ";",
      "; a",
      "a b",
      "a;",
      "a;;b",
      "a; b c",
      "a; =1",
      "a; b=",
      "a; b==1",
      "a; b=1 2",
      "a; b=1=2",
      "a/b",
      "a=b",
      "\"a\"",
      R"(a; "b"=1)",
      R"(a; b="")",
      R"(a; b="1 2")",
      R"(a; b="1;c")",
      R"(a; b="1,c")",
      R"(a; b="\"")",
      R"(a; b="1"2)",
      R"(a; b="1)",
      R"(a; b="1\")",
      "a; b=\xff",
      "\xc3\xa9",
  };
  for (const auto text : malformed) {
    const auto extensions = parse_extensions(text);
    ASSERT_EQ(extensions.size(), 1U) << text;
    EXPECT_EQ(extensions[0].name, text);
    EXPECT_THAT(extensions[0].parameters, IsEmpty()) << text;
  }
}

TEST(ParseExtensions, AMalformedElementDoesNotSpoilItsNeighbours) {
  EXPECT_THAT(parsed(R"(a; b=1, c d, e; f="x,y", g)"), ElementsAre("a[b=1]", "c d", R"(e; f="x,y")", "g"));
}

TEST(Negotiated, NothingMeansNothing) {
  EXPECT_FALSE(meaning("").permessage_deflate);
  EXPECT_FALSE(meaning("").unknown_extension);
}

TEST(Negotiated, KnowsPermessageDeflateInAnyCase) {
  for (const char* value : {"permessage-deflate", "Permessage-Deflate; server_no_context_takeover"}) {
    EXPECT_TRUE(meaning(value).permessage_deflate) << value;
    EXPECT_FALSE(meaning(value).unknown_extension) << value;
  }
}

TEST(Negotiated, EverythingElseIsUnknown) {
  for (const char* value : {"x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate2", "a b"}) {
    EXPECT_FALSE(meaning(value).permessage_deflate) << value;
    EXPECT_TRUE(meaning(value).unknown_extension) << value;
  }
}

TEST(Negotiated, BothMayBeAccepted) {
  EXPECT_TRUE(meaning("x-other, permessage-deflate").permessage_deflate);
  EXPECT_TRUE(meaning("x-other, permessage-deflate").unknown_extension);
}

// FRM-6: what cannot be understood is not taken for permessage-deflate, so that the flow is forwarded
// verbatim.
TEST(Negotiated, AMalformedAnswerIsUnknown) {
  EXPECT_FALSE(meaning("permessage-deflate; server_max_window_bits=").permessage_deflate);
  EXPECT_TRUE(meaning("permessage-deflate; server_max_window_bits=").unknown_extension);
}

}  // namespace
}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// The list of header fields: looked up by name, changed in place, everything else left as it is written.
#include <gtest/gtest.h>

#include "libcore/http1/head.h"
#include "tests/support/http_heads.h"

namespace wstap::http1 {
namespace {

/// The lines of `fields`, end to end.
std::string lines(const Fields& fields) {
  std::string all;
  for (const auto& field : fields.list()) all += field.line;
  return all;
}

Fields fields(const std::string& text) {
  return test::response("HTTP/1.1 200 OK\r\n" + text + "\r\n").fields;
}

TEST(Fields, FindsTheFirstOfANameWhateverItsCase) {
  const auto some = fields("A: 1\r\nX-Y: 2\r\nx-y: 3\r\n");
  ASSERT_NE(some.find("X-y"), nullptr);
  EXPECT_EQ(*some.find("X-y"), "2");
  EXPECT_EQ(some.find("X"), nullptr) << "a name is not found by its start";
  EXPECT_EQ(some.find(""), nullptr);
}

TEST(Fields, CountsAndJoinsRepetitions) {
  const auto some = fields("A: 1\r\nB: 2\r\na:  3 \r\n");
  EXPECT_EQ(some.count("a"), 2U);
  EXPECT_EQ(some.count("c"), 0U);
  EXPECT_EQ(some.joined("A"), "1, 3");
  EXPECT_EQ(some.joined("c"), "");
}

TEST(Fields, AddWritesAPlainLineAtTheEnd) {
  auto some = fields("A: 1\r\n");
  some.add("B", "2");
  EXPECT_EQ(lines(some), "A: 1\r\nB: 2\r\n");
  EXPECT_EQ(*some.find("b"), "2");
}

TEST(Fields, SetKeepsPlaceAndSpellingAndTakesRepetitionsAway) {
  auto some = fields("hOsT:a\r\nX:  1\r\nHost: b\r\nHOST: c\r\n");
  some.set("Host", "d");
  EXPECT_EQ(lines(some), "hOsT: d\r\nX:  1\r\n");
  EXPECT_EQ(*some.find("Host"), "d");
}

TEST(Fields, SetAppendsWhatIsNotThere) {
  auto some = fields("X:  1\r\n");
  some.set("Host", "d");
  EXPECT_EQ(lines(some), "X:  1\r\nHost: d\r\n");
}

// UPG-4
TEST(Fields, SetLeavesAFieldThatHasTheValueAlreadyAsItIsWritten) {
  auto some = fields("hOsT:  a \r\nX: 1\r\nhost: a\r\n");
  some.set("Host", "a");
  EXPECT_EQ(lines(some), "hOsT:  a \r\nX: 1\r\n");
}

TEST(Fields, RemoveTakesEveryRepetitionAndNothingElse) {
  auto some = fields("A: 1\r\nab: 2\r\na: 3\r\nB:  4\r\n");
  some.remove("a");
  EXPECT_EQ(lines(some), "ab: 2\r\nB:  4\r\n");
  some.remove_if([](const Field& field) { return field.value == "4"; });
  EXPECT_EQ(lines(some), "ab: 2\r\n");
}

TEST(Fields, AFoldedLineContinuesTheLastField) {
  auto some = fields("A: 1\r\nB: 2\r\n");
  EXPECT_TRUE(some.fold_into_last("3", "\t3\r\n"));
  EXPECT_EQ(*some.find("B"), "2 3");
  EXPECT_EQ(lines(some), "A: 1\r\nB: 2\r\n\t3\r\n");
  Fields none;
  EXPECT_FALSE(none.fold_into_last("3", "\t3\r\n"));
  EXPECT_TRUE(none.list().empty());
}

TEST(RequestHead, SetTargetWritesTheFirstLineAnewAndNothingElse) {
  auto head = test::request("GET http://a/b HTTP/1.0\r\nHOST:a\r\n\r\n");
  head.set_target("/b");
  EXPECT_EQ(head.target, "/b");
  EXPECT_EQ(head.text(), "GET /b HTTP/1.0\r\nHOST:a\r\n\r\n");
}

}  // namespace
}  // namespace wstap::http1

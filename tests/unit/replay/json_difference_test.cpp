// SPDX-License-Identifier: Apache-2.0
// REP-4: where two JSON documents differ.
#include "libcore/replay/json_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wstap::replay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "/a: 1 -> 2", "/b: - -> 3", "/c: 4 -> -", or "no JSON".
std::vector<std::string> differences(std::string_view expected, std::string_view got,
                                     const std::vector<std::string>& ignored = {}) {
  const auto found = json_differences(expected, got, ignored);
  if (!found) return {"no JSON"};
  std::vector<std::string> all;
  for (const auto& each : *found)
    all.push_back(each.pointer + ": " + each.expected.value_or("-") + " -> " + each.got.value_or("-"));
  return all;
}

TEST(JsonDifference, Rep4_HowItIsWrittenDoesNotCount) {
  EXPECT_THAT(differences(R"({"a":1,"b":[true,null,"x"]})", R"( { "b" : [ true , null , "\u0078" ],
    "a" : 1.0e0 } )"),
              IsEmpty());
  EXPECT_THAT(differences("1", "1.0"), IsEmpty());
  EXPECT_THAT(differences("[]", "[ ]"), IsEmpty());
}

TEST(JsonDifference, Rep4_ValuesAreNamedByPointers) {
  EXPECT_THAT(differences(R"({"a":1,"b":{"c":"x","d/e~":[1,2]}})", R"({"a":2,"b":{"c":"y","d/e~":[1,3]}})"),
              ElementsAre("/a: 1 -> 2", "/b/c: \"x\" -> \"y\"", "/b/d~1e~0/1: 2 -> 3"));
  EXPECT_THAT(differences("1", "2"), ElementsAre(": 1 -> 2"));
}

TEST(JsonDifference, Rep4_WhatOnlyOneHas) {
  EXPECT_THAT(differences(R"({"a":1,"b":2})", R"({"b":2,"c":3})"), ElementsAre("/a: 1 -> -", "/c: - -> 3"));
  EXPECT_THAT(differences("[1,2]", "[1,2,3]"), ElementsAre("/2: - -> 3"));
}

// What is in a container that is missing, or is something else, goes without saying.
TEST(JsonDifference, Rep4_ContainersAreOneDifference) {
  EXPECT_THAT(differences(R"({"a":{"b":1,"c":2},"a-":0})", R"({"a-":0})"), ElementsAre("/a: {...} -> -"));
  EXPECT_THAT(differences(R"({"a":[1,2]})", R"({"a":{"0":1}})"), ElementsAre("/a: [...] -> {...}"));
  EXPECT_THAT(differences(R"({"a":[1,2]})", R"({"a":5})"), ElementsAre("/a: [...] -> 5"));
}

TEST(JsonDifference, Rep4_KindsAreNotMixedUp) {
  EXPECT_THAT(differences(R"("1")", "1"), ElementsAre(": \"1\" -> 1"));
  EXPECT_THAT(differences("true", "\"true\""), ElementsAre(": true -> \"true\""));
  EXPECT_THAT(differences("null", "0"), ElementsAre(": null -> 0"));
}

// Numbers that a double cannot tell apart are told apart here.
TEST(JsonDifference, Rep4_LargeNumbers) {
  EXPECT_THAT(differences("9007199254740993", "9007199254740992"),
              ElementsAre(": 9007199254740993 -> 9007199254740992"));
  EXPECT_THAT(differences("12345678901234567890", "12345678901234567890"), IsEmpty());
}

TEST(JsonDifference, Rep4_IgnoredPointersCoverWhatIsInThem) {
  EXPECT_THAT(
      differences(R"({"id":1,"at":{"s":1,"n":2},"x":1})", R"({"id":2,"at":{"s":3},"x":2})", {"/id", "/at"}),
      ElementsAre("/x: 1 -> 2"));
  EXPECT_THAT(differences(R"({"id2":1})", R"({"id2":2})", {"/id"}), ElementsAre("/id2: 1 -> 2"));
  EXPECT_THAT(differences("1", "2", {""}), IsEmpty());
}

TEST(JsonDifference, Rep4_WhatIsNoJson) {
  EXPECT_THAT(differences("{", "{}"), ElementsAre("no JSON"));
  EXPECT_THAT(differences("{}", "hello"), ElementsAre("no JSON"));
  EXPECT_THAT(differences("", ""), ElementsAre("no JSON"));
}

}  // namespace
}  // namespace wstap::replay

// SPDX-License-Identifier: Apache-2.0
// PIPE-6: setting a JSON pointer changes the bytes of the addressed value, and no others.
#include "libcore/steps/json_edit.h"

#include <gtest/gtest.h>

namespace wstap::steps {
namespace {

std::string set(std::string_view document, std::string_view pointer, std::string_view value) {
  const auto out = set_json(as_bytes(document), *filter::parse_json_pointer(pointer), value);
  return out ? std::string(as_text(*out)) : "(nothing)";
}

TEST(JsonEdit, ReplacesOneValueAndNoOtherByte) {
  constexpr std::string_view kDocument =
      "{ \"a\" : 1 ,\t\"b\":[ 1e2 , \"x\\u0041\" ] ,\n\"c\":{\"d\":null}, \"a\" : 2.50 }";
  EXPECT_EQ(set(kDocument, "/b/1", "true"),
            "{ \"a\" : 1 ,\t\"b\":[ 1e2 , true ] ,\n\"c\":{\"d\":null}, \"a\" : 2.50 }");
  EXPECT_EQ(set(kDocument, "/c", "\"é\""),
            "{ \"a\" : 1 ,\t\"b\":[ 1e2 , \"x\\u0041\" ] ,\n\"c\":\"é\", \"a\" : 2.50 }");
  // Of a name that is there twice, the one that counts.
  EXPECT_EQ(set(kDocument, "/a", "3"),
            "{ \"a\" : 1 ,\t\"b\":[ 1e2 , \"x\\u0041\" ] ,\n\"c\":{\"d\":null}, \"a\" : 3 }");
  EXPECT_EQ(set(" [1] ", "", "{}"), " {} ");
}

TEST(JsonEdit, AddsWhatIsNotThere) {
  EXPECT_EQ(set(R"({"a":1})", "/b", "2"), R"({"a":1,"b":2})");
  EXPECT_EQ(set("{\"a\":1 }", "/b", "2"), "{\"a\":1,\"b\":2 }");
  EXPECT_EQ(set("{}", "/b", "2"), R"({"b":2})");
  EXPECT_EQ(set("{ }", "/b", "2"), R"({"b":2 })");
  EXPECT_EQ(set("{}", "/q\"\n", "2"), R"({"q\"\n":2})");
  EXPECT_EQ(set(R"({"a":{"b":[1]}})", "/a/b/1", "2"), R"({"a":{"b":[1,2]}})");
  EXPECT_EQ(set(R"([1, 2 ])", "/-", "3"), "[1, 2,3 ]");
  EXPECT_EQ(set("[]", "/0", "1"), "[1]");
  EXPECT_EQ(set("[]", "/-", "1"), "[1]");
}

TEST(JsonEdit, HasNoPlaceForSomeValues) {
  for (const char* pointer : {"/a/b", "/x/y", "/l/2", "/l/x", "/l/01", "/l/-1", "/l/99999999999999999999"})
    EXPECT_EQ(set(R"({"a":1,"l":[1]})", pointer, "2"), "(nothing)") << pointer;
  EXPECT_EQ(set("not json", "", "1"), "(nothing)");
  EXPECT_EQ(set("\"text\"", "/a", "1"), "(nothing)");
  EXPECT_EQ(set("[]", "/1", "1"), "(nothing)");
}

}  // namespace
}  // namespace wstap::steps

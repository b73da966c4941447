// SPDX-License-Identifier: Apache-2.0
// FIL-1: json("/pointer"), RFC 6901 in one pass.
#include "libcore/filter/json_values.h"

#include <gtest/gtest.h>

namespace wstap::filter {
namespace {

using Kind = JsonValue::Kind;

std::optional<JsonValue> find(std::string_view document, std::string_view pointer) {
  const std::vector<JsonPointer> pointers = {*parse_json_pointer(pointer)};
  auto values = find_json_values(as_bytes(document), pointers);
  if (!values) return std::nullopt;
  return std::move(values->front());
}

std::string raw(std::string_view document, std::string_view pointer) {
  const auto value = find(document, pointer);
  return std::string(document.substr(value->begin, value->end - value->begin));
}

// The examples of RFC 6901 section 5.
constexpr std::string_view kRfc = R"({
  "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8 })";

TEST(JsonValues, Rfc6901Examples) {
  EXPECT_EQ(raw(kRfc, ""), kRfc);
  EXPECT_EQ(raw(kRfc, "/foo"), R"(["bar", "baz"])");
  EXPECT_EQ(raw(kRfc, "/foo/0"), R"("bar")");
  EXPECT_EQ(find(kRfc, "/foo/0")->text, "bar");
  const std::vector<std::pair<const char*, const char*>> numbers = {
      {"/", "0"},     {"/a~1b", "1"}, {"/c%d", "2"}, {"/e^f", "3"}, {"/g|h", "4"},
      {"/i\\j", "5"}, {"/k\"l", "6"}, {"/ ", "7"},   {"/m~0n", "8"}};
  for (const auto& [pointer, number] : numbers) EXPECT_EQ(raw(kRfc, pointer), number) << pointer;
}

TEST(JsonValues, KindsAndTheirText) {
  constexpr std::string_view kDocument = R"([null,true,false,-1.5e3,"a\u00e9\n",{},[],"" ])";
  const Kind kinds[] = {Kind::null,   Kind::boolean, Kind::boolean, Kind::number,
                        Kind::string, Kind::object,  Kind::array,   Kind::string};
  const char* texts[] = {"", "true", "false", "-1.5e3", "a\xc3\xa9\n", "", "", ""};
  const char* bytes[] = {"null", "true", "false", "-1.5e3", "\"a\\u00e9\\n\"", "{}", "[]", "\"\""};
  for (std::size_t i = 0; i < 8; ++i) {
    const auto pointer = "/" + std::to_string(i);
    EXPECT_EQ(find(kDocument, pointer)->kind, kinds[i]) << i;
    EXPECT_EQ(find(kDocument, pointer)->text, texts[i]) << i;
    EXPECT_EQ(raw(kDocument, pointer), bytes[i]) << i;
  }
  EXPECT_EQ(find(kDocument, "/8")->kind, Kind::absent);
  EXPECT_EQ(find(kDocument, "/-")->kind, Kind::absent);
  EXPECT_EQ(find(kDocument, "/01")->kind, Kind::absent);
  EXPECT_EQ(find(" \"x\" ", "")->text, "x");
  EXPECT_EQ(raw(" \t[ 1 , 2 ]\n", "/1"), "2");
}

TEST(JsonValues, FindsManyInOnePass) {
  const std::vector<JsonPointer> pointers = {{"a", "b"}, {"a"}, {"c"}, {"a", "x"}, {"d", "1", "e"}};
  const std::string_view document = R"({"c":1,"a":{"b":[2],"y":3},"d":[0,{"e":"f"}]})";
  const auto values = find_json_values(as_bytes(document), pointers);
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[0].kind, Kind::array);
  EXPECT_EQ(document.substr((*values)[1].begin, (*values)[1].end - (*values)[1].begin), R"({"b":[2],"y":3})");
  EXPECT_EQ((*values)[2].text, "1");
  EXPECT_EQ((*values)[3].kind, Kind::absent);
  EXPECT_EQ((*values)[4].text, "f");
}

// As JSON.parse and Python's json take it.
TEST(JsonValues, OfANameThatComesTwiceTheLastCounts) {
  EXPECT_EQ(find(R"({"a":1,"a":2})", "/a")->text, "2");
  EXPECT_EQ(find(R"({"a":{"b":1},"a":{"c":2}})", "/a/b")->kind, Kind::absent);
  EXPECT_EQ(find(R"({"a":{"b":1},"a":2})", "/a/b")->kind, Kind::absent);
  EXPECT_EQ(raw(R"({"a":[1],"a":[2,3]})", "/a"), "[2,3]");
}

TEST(JsonValues, TakesOnlyWholeDocuments) {
  for (const std::string_view text :
       {"",          " ",          "{",          "[1,]",   "{\"a\":1}}", "{\"a\":1} x",
        "{'a':1}",   "nul",        "[01]",       "[1.]",   "\"\n\"",     "[\"\\x\"]",
        "hello",     "{\"a\":1,}", "[nan]",      "[-]",    "[+1]",       "[.5]",
        "[1e]",      "// c\n[]",   "\xef\xbb[]", "[1 2]",  "{\"a\"::1}", "{\"a\" 1}",
        "{1:1}",     "[,1]",       "{,}",        "]",      "[}",         "[1}",
        "{\"a\":1]", "\"",         "\"\\",       "\"\\\"", "\"\\u12\"",  "\"\\u12g4\"",
        "[truee]",   "[]]",        "[\"a\tb\"]", "[- 1]",  "[1.e1]",     "[0x1]",
        "\v[]",      "[],"}) {
    EXPECT_FALSE(find(text, "")) << text;
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_FALSE(find(std::string_view("[1]\0", 4), ""));
  EXPECT_FALSE(find(std::string_view("[1\0]", 4), ""));
}

// One member must not blind a rule to the others, if receivers read it.
TEST(JsonValues, ReadsWhatCommonParsersRead) {
  for (const std::string_view other :
       {"1e400", "-1E+99999", "0e99999", "1e-400", "NaN", "Infinity", "-Infinity", R"("\ud83d")",
        R"("\udc00\ud83d")", R"({"\ud83dx":1})", "\"\xff\xc3\"", "\"\x7f\""}) {
    const std::string document =
        "{\"z\":" + std::string(other) + ",\"role\":\"admin\",\"y\":[" + std::string(other) + "]}";
    ASSERT_TRUE(find(document, "/role")) << document;
    EXPECT_EQ(find(document, "/role")->text, "admin") << document;
    EXPECT_EQ(raw(document, "/z"), other);
    EXPECT_EQ(raw(document, "/y/0"), other);
  }
  EXPECT_EQ(find("[" + std::string(400, '9') + "]", "/0")->text, std::string(400, '9'));
  EXPECT_EQ(raw("\xef\xbb\xbf[1]", "/0"), "1");
  for (const char* extended : {"\xef\xbb\xbf[]", "[NaN]", "Infinity", "[-Infinity]"})
    EXPECT_FALSE(is_json(extended));
  for (const char* strict : {"[1e400]", R"("\ud83d")", " {\"a\" : [ true , false , null ] } "})
    EXPECT_TRUE(is_json(strict));
}

TEST(JsonValues, StringsSayWhatTheirEscapesMean) {
  EXPECT_EQ(find(R"("\"\\\/\b\f\n\r\tx")", "")->text, "\"\\/\b\f\n\r\tx");
  EXPECT_EQ(find(R"("\u0041\u00e9\u20ac\ud83d\ude00")", "")->text, "A\u00e9\u20ac\U0001f600");
  EXPECT_EQ(find(R"("\ud83d")", "")->text, "\ufffd");
  EXPECT_EQ(find(R"("a\udc00\ud83dz")", "")->text, "a\ufffd\ufffdz");
  EXPECT_EQ(find(R"("\ud83d\ud83d\ude00")", "")->text, "\ufffd\U0001f600");
  EXPECT_EQ(find(R"("\u0000")", "")->text, std::string(1, '\0'));
  EXPECT_EQ(find(R"({"\u0061\n":1})", "/a\n")->text, "1");
  EXPECT_EQ(find(R"("\uD83D\uDE00")", "")->text, "\U0001f600");
}

TEST(JsonValues, IsNotDrownedInDepth) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(raw("[" + nested(1'000'000) + ",{\"a\":1}]", "/1/a"), "1");
  EXPECT_EQ(raw(nested(1'000), "/0/0/0").size(), 2 * 997U);
  EXPECT_FALSE(find(nested(1'000'000) + "]", ""));
  EXPECT_FALSE(find(std::string(10'000'000, '['), ""));
}

TEST(JsonPointer, RefusesWhatIsNone) {
  for (const char* text : {"a", "a/b", "/~", "/~2", "/a~"}) EXPECT_FALSE(parse_json_pointer(text)) << text;
  EXPECT_EQ(parse_json_pointer(""), JsonPointer{});
  EXPECT_EQ(parse_json_pointer("/"), JsonPointer{""});
  EXPECT_EQ(parse_json_pointer("/a//~01~1"), (JsonPointer{"a", "", "~1/"}));
}

}  // namespace
}  // namespace wstap::filter

// SPDX-License-Identifier: Apache-2.0
// PIPE-6: texts with variables, and where the variables come from.
#include "libcore/steps/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/steps/errors.h"
#include "libcore/steps/extraction.h"
#include "libcore/steps/rule_list.h"

namespace wstap::steps {
namespace {

const std::vector<std::string> kNames = {"token", "n"};
const Variables kValues = {Variable{"a\"b\n", "\"a\\\"b\\n\""}, Variable{"7", "7"}};

std::string expanded(std::string_view text, Template::As as = Template::As::text) {
  const auto parsed = Template::parse(text, as, kNames);
  return parsed ? parsed->expand(kValues) : parsed.error().text();
}

TEST(Templates, PutVariablesWhereTheyAreNamed) {
  EXPECT_EQ(expanded("n=${n}, again ${n}${n}"), "n=7, again 77");
  EXPECT_EQ(expanded("${token}"), "a\"b\n");
  EXPECT_EQ(expanded("no variable"), "no variable");
  EXPECT_EQ(expanded(""), "");
}

TEST(Templates, LeaveOtherDollarSignsAlone) {
  EXPECT_EQ(expanded("5 $, $1, $${, $${}, $${n}, $$"), "5 $, $1, ${, ${}, ${n}, $");
  EXPECT_EQ(Template::literal("$$ ${n}").expand({}), "$$ ${n}");
}

TEST(Templates, TakeNoVariableThatIsNotWrittenAsOne) {
  for (const char* text : {"a ${", "a ${n", "a ${}", "a ${1x}"})
    EXPECT_EQ(Template::parse(text, Template::As::text, kNames).error().offset, 2U) << text;
}

TEST(Templates, MakeValuesOfJson) {
  EXPECT_EQ(expanded(R"({"t":"<${token}>"})", Template::As::in_json_string), R"({"t":"<a\"b\u000a>"})");
  EXPECT_EQ(expanded(R"({"t":${token},"n":${n}})", Template::As::json), R"({"t":"a\"b\n","n":7})");
}

TEST(Templates, KnowWhatTheyLack) {
  const auto both = *Template::parse("${token} ${n}", Template::As::text, kNames);
  EXPECT_TRUE(both.has_all(kValues));
  EXPECT_FALSE(both.has_all({Variable{}, std::nullopt}));
  EXPECT_EQ(both.with("?"), "? ?");
}

TEST(Templates, RefuseUnknownNames) {
  const auto parsed = Template::parse("a ${tokem}", Template::As::text, kNames);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::bad_replacement);
  EXPECT_EQ(parsed.error().offset, 2U);
  EXPECT_THAT(parsed.error().text(), testing::HasSubstr("did you mean 'token'"));
}

TEST(Templates, AreInReplacementsToo) {
  const RuleSpec spec = {.id = "r", .patterns = {{"(x)y"}}, .replacement = "$1${n}$$"};
  const auto rules = *RuleList::compile(std::span(&spec, 1), kNames);
  EXPECT_EQ(rules.rewrite(as_bytes("xy xy"), 100, kValues).text, "x7$ x7$");
  EXPECT_TRUE(rules.has_all(kValues));
  EXPECT_FALSE(rules.has_all({std::nullopt, std::nullopt}));
  EXPECT_FALSE(RuleList::compile(std::span(&spec, 1))) << "a rule without variables knows no ${n}";
}

Extraction by_json(std::string_view pointer) {
  return {.json = filter::parse_json_pointer(pointer)};
}
Extraction by_pattern(std::string_view pattern) {
  return {.pattern = *filter::Pattern::compile(pattern, filter::PatternText::utf8)};
}
std::string taken(const Extraction& extraction, std::string_view payload) {
  const auto variable = extract(extraction, as_bytes(payload));
  return variable ? variable->text + " = " + variable->json : "nothing";
}

TEST(Extractions, TakeValuesOfJson) {
  EXPECT_EQ(taken(by_json("/a/0"), R"({"a":["x\ty"]})"), "x\ty = \"x\\ty\"");
  EXPECT_EQ(taken(by_json("/a"), R"({"a": 1.50 })"), "1.50 = 1.50");
  EXPECT_EQ(taken(by_json("/a"), R"({"a":{"b":null}})"), R"({"b":null} = {"b":null})");
  EXPECT_EQ(taken(by_json("/b"), R"({"a":1})"), "nothing");
  EXPECT_EQ(taken(by_json("/a"), R"({"a":1)"), "nothing");
}

TEST(Extractions, TakeWhatPatternsMatch) {
  EXPECT_EQ(taken(by_pattern("id=(\\d+)"), "x id=42, id=43"), "42 = \"42\"");
  EXPECT_EQ(taken(by_pattern("\\d+"), "x 42"), "42 = \"42\"");
  EXPECT_EQ(taken(by_pattern("a|(b)"), "a"), "nothing") << "the group took no part";
  EXPECT_EQ(taken(by_pattern("c"), "a"), "nothing");
  EXPECT_EQ(taken(by_pattern("\\d+"), "\xff 42"), "nothing") << "no UTF-8";
}

TEST(Extractions, TakeNothingLong) {
  EXPECT_NE(taken(by_pattern("x+"), std::string(kLongestVariable - 2, 'x')), "nothing");
  EXPECT_EQ(taken(by_pattern("x+"), std::string(kLongestVariable + 1, 'x')), "nothing");
}

}  // namespace
}  // namespace wstap::steps

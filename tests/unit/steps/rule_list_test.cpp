// SPDX-License-Identifier: Apache-2.0
// SAFE-4: how rules find and replace.
#include "libcore/steps/rule_list.h"

#include <gtest/gtest.h>

#include "libcore/steps/errors.h"

namespace wstap::steps {
namespace {

RuleList rules(std::vector<RuleSpec> specs) {
  auto list = RuleList::compile(specs);
  EXPECT_TRUE(list) << list.error().text();
  return *list;
}

RuleList rule(std::string pattern, std::string replacement, Locator locator = nullptr) {
  return rules({{"r", {{std::move(pattern), locator}}, std::move(replacement)}});
}

std::string replaced(std::string pattern, std::string replacement, std::string_view text,
                     Locator locator = nullptr) {
  return rule(std::move(pattern), std::move(replacement), locator).rewrite(as_bytes(text)).text;
}

Error fault(std::string pattern, std::string replacement) {
  const std::vector<RuleSpec> specs = {{"mine", {{std::move(pattern), nullptr}}, std::move(replacement)}};
  const auto list = RuleList::compile(specs);
  EXPECT_FALSE(list);
  return list ? Error{} : list.error();
}

TEST(RuleLists, ReplacesWhatMatchesFromLeftToRight) {
  EXPECT_EQ(replaced("aa", "b", "aaaaa"), "bba");
  EXPECT_EQ(replaced("a+", "b", "aaXaaa"), "bXb");
  EXPECT_EQ(replaced("x", "", "axbxx"), "ab");
  EXPECT_EQ(replaced("a", "aa", "aXa"), "aaXaa") << "what was put in is not looked at again";
  EXPECT_EQ(replaced("^a", "b", "aa\na"), "ba\na") << "the text begins once";
  EXPECT_EQ(replaced("(?m)^a", "b", "aa\na"), "ba\nb");
  EXPECT_EQ(replaced("a$", "b", "aa"), "ab");
  EXPECT_EQ(replaced("\\ba", "b", "aa a"), "ba b")
      << "borders are those of the text, not of what is left of it";
}

TEST(RuleLists, ExpandsGroups) {
  EXPECT_EQ(replaced("(a)(b)?(c)", "<$1$2$3>", "ac abc"), "<ac> <abc>");
  EXPECT_EQ(replaced("a(.)", "[$0]", "axay"), "[ax][ay]");
  EXPECT_EQ(replaced("(a)", "$$1$$", "a"), "$1$");
  EXPECT_EQ(replaced("(a)(b)(c)(d)(e)(f)(g)(h)(i)", "$9$12", "abcdefghi"), "ia2");
}

TEST(RuleLists, KeepsWhatIsAroundTheSecret) {
  EXPECT_EQ(replaced("key=(?P<secret>\\w+);", "*", "key=abc; key=d;"), "key=*; key=*;");
  EXPECT_EQ(replaced("(k)ey=(?P<secret>\\w+)", "$1:$0", "key=abc"), "key=k:abc") << "$0 is what is replaced";
  EXPECT_EQ(replaced("a(?P<secret>b)?c", "*", "abc ac"), "a*c *")
      << "a secret that took no part: all of the match";
  EXPECT_EQ(replaced("(?:^|,)(?P<secret>\\d)(?:,|$)", "*", "1,2,3"), "*,*,*") << "borders serve both sides";
  EXPECT_EQ(replaced("a(?P<secret>)", "*", "aa"), "a*a*");
  EXPECT_EQ(replaced("(?P<secret>)a", "*", "aa"), "*a*a");
}

TEST(RuleLists, EmptyMatchesEnd) {
  EXPECT_EQ(replaced("", "-", "ab"), "-a-b-");
  EXPECT_EQ(replaced("x*", "-", "axb"), "-a-b-");
  EXPECT_EQ(replaced("$", "!", "ab"), "ab!");
  EXPECT_EQ(replaced("^", "!", ""), "!");
  EXPECT_EQ(replaced("", "", "ab"), "ab");
  EXPECT_EQ(replaced("", "-", "あい"), "-あ-い-");
  EXPECT_EQ(replaced("\\B", "-", "aあ"), "aあ-") << "not between the bytes of a character";
}

TEST(RuleLists, CharactersWhereTheTextIsUtf8AndBytesWhereItIsNot) {
  EXPECT_EQ(replaced("あ.", "-", "あいう"), "-う");
  EXPECT_EQ(replaced("[ぁ-ん]+", "-", "漢字ひらがな漢字"), "漢字-漢字");
  EXPECT_EQ(replaced("\"[^\"]*\"", "-",
                     "\"a\xff"
                     "b\""),
            "-");
  EXPECT_EQ(replaced("あ", "-",
                     "\xff"
                     "あ\xfe"),
            "\xff-\xfe");
  EXPECT_EQ(replaced("b(.)c", "$1$1",
                     "\x80"
                     "b\xff"
                     "c"),
            "\x80\xff\xff");
  EXPECT_EQ(replaced("\\p{Han}+", "-", "漢字\xff"), "-\xff") << "this can only be said of characters";
  EXPECT_EQ(replaced("[ぁ-ん]+", "-", "漢字ひらがな漢字\xff"), "漢字-漢字\xff");
  EXPECT_EQ(replaced("あ+", "-", "ああ\xff"), "-\xff");
  EXPECT_EQ(replaced("あ[^]あ\"]*\"", "-", "あb\"\xff"), "-\xff");
  EXPECT_EQ(replaced("名\"[^\"]*\"", "-",
                     "名\"a\xff"
                     "b\""),
            "-");
  EXPECT_EQ(replaced("a", "\xff", "aa"), "\xff\xff");
  const auto both = rules({{"1", {{"a", nullptr}}, "\xff"}, {"2", {{"\"[^\"]*\"", nullptr}}, "-"}});
  EXPECT_EQ(both.rewrite(as_bytes("\"a\"")).text, "-") << "a rule may leave what is no UTF-8 any more";
}

TEST(RuleLists, RulesFollowEachOther) {
  const auto list = rules({{"one", {{"a", nullptr}}, "b"},
                           {"none", {{"z", nullptr}}, "y"},
                           {"two", {{"b", nullptr}, {"c", nullptr}}, "d"}});
  const auto redacted = list.rewrite(as_bytes("aabc"));
  EXPECT_EQ(redacted.text, "dddd");
  EXPECT_EQ(redacted.replaced, (std::vector<RuleList::Replaced>{{0, 2}, {2, 4}}));
  EXPECT_EQ(list.id(2), "two");
  EXPECT_EQ(list.size(), 3U);
  EXPECT_FALSE(redacted.shortened);
}

TEST(RuleLists, LeavesTheTextWhereNothingMatches) {
  const auto redacted = rule("x", "y").rewrite(as_bytes("a\xff\0b"));
  EXPECT_EQ(as_bytes(redacted.text).size(), 2U) << "a literal ends at its NUL";
  EXPECT_TRUE(redacted.replaced.empty());
  EXPECT_EQ(rules({}).rewrite(as_bytes("a")).text, "a");
  EXPECT_EQ(rule("x", "y").rewrite({}).text, "");
}

TEST(RuleLists, CountsNoFindThatIsItsReplacementAlready) {
  const auto list = rule("(\\w)\\w*", "$1");
  const auto once = list.rewrite(as_bytes("abc d"));
  EXPECT_EQ(once.replaced, (std::vector<RuleList::Replaced>{{0, 1}}));
  EXPECT_TRUE(list.rewrite(as_bytes(once.text)).replaced.empty());
}

TEST(RuleLists, ValidatorsDecide) {
  EXPECT_EQ(replaced("\\d{16}", "*", "4111111111111111 4111111111111112", locate_luhn), "* 4111111111111112");
  EXPECT_EQ(replaced("\\d{16}", "*", "14111111111111111", locate_luhn), "1*")
      << "what overlaps a find that is none";
  EXPECT_EQ(replaced("n=(?P<secret>\\d+)", "*", "n=43 n=18", locate_luhn), "n=43 n=*");
  EXPECT_EQ(find_validator("luhn")->locator, &locate_luhn);
  EXPECT_EQ(find_validator("lun"), nullptr);
  for (const auto& validator : all_validators()) EXPECT_FALSE(validator.meaning.empty());
}

TEST(RuleLists, MatchesNamesRulesAndPlaces) {
  const auto list = rules({{"a", {{"a+", nullptr}}, ""},
                           {"none", {{"z", nullptr}}, ""},
                           {"bc", {{"c", nullptr}, {"(?:x)(?P<secret>b)", nullptr}}, ""}});
  const auto found = list.matches(as_bytes("xaaxbca"));
  EXPECT_EQ(found, (std::vector<RuleList::Match>{{0, {1, 3}}, {2, {4, 5}}}));
  EXPECT_TRUE(list.matches({}).empty());
}

TEST(RuleLists, SaysWhatIsWrongWithARule) {
  EXPECT_EQ(fault("a(", "").text(), "bad pattern: rule 'mine': missing ): a(");
  EXPECT_EQ(fault("(?=a)", "").code, Errc::bad_pattern);
  EXPECT_EQ(fault("a(?P<secret>b)|c(?P<secret>d)", "").text(),
            "bad pattern: rule 'mine': more than one group is named secret");
  EXPECT_EQ(fault("(a)", "x$2").text(),
            "bad replacement: rule 'mine': $2 is in it, and the pattern has 1 group");
  EXPECT_EQ(fault("(a)", "$$2 $2").offset, 4U);
  EXPECT_EQ(fault("a", "$1").code, Errc::bad_replacement);
  EXPECT_EQ(fault("a", "5 $").offset, 2U);
  EXPECT_EQ(fault("a", "${1}").text(),
            "bad replacement: rule 'mine': behind '$' comes a digit, or '$' for a dollar sign");
}

TEST(RuleLists, RemovesWhatItHasNoRoomToReplace) {
  const std::string text(100'000, 'a');
  const auto redacted = rule("a", "0123456789").rewrite(as_bytes(text));
  EXPECT_TRUE(redacted.shortened);
  EXPECT_LE(redacted.text.size(), RuleList::longest(text.size()));
  EXPECT_EQ(redacted.text.find('a'), std::string::npos) << "nothing that was found is left";
  EXPECT_EQ(redacted.replaced, (std::vector<RuleList::Replaced>{{0, 100'000}}));
}

TEST(RuleLists, RulesCannotMultiplyATextTogether) {
  std::string eightfold;
  for (int i = 0; i < 8; ++i) eightfold += "$0";
  const auto list = rules(std::vector<RuleSpec>(30, {"r", {{"(?s).+", nullptr}}, eightfold}));
  const auto redacted = list.rewrite(as_bytes("abc"));
  EXPECT_TRUE(redacted.shortened);
  EXPECT_LE(redacted.text.size(), RuleList::longest(3));
}

}  // namespace
}  // namespace wstap::steps

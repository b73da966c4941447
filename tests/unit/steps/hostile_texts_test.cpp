// SPDX-License-Identifier: Apache-2.0
// SAFE-4: what a peer sends to make rules work. Work is counted, as bytes that searches were given to look
// at.
#include <algorithm>
#include <bit>

#include "tests/unit/steps/preset_rules.h"

namespace wstap::steps {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;

std::string repeated(std::string_view unit, std::size_t bytes = kMebibyte) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

/// What n log n comes to, of texts of which every byte begins another search (see TextScan).
std::uint64_t most_work(std::size_t bytes) {
  return bytes * (16 * std::bit_width(bytes) + 512 + 1024);
}

std::size_t patterns_of_all() {
  std::size_t count = 0;
  for (const Preset& preset : all_presets()) count += preset.patterns.size();
  return count;
}

RuleList all_rules() {
  std::vector<RuleSpec> specs;
  for (const Preset& preset : all_presets()) specs.push_back(preset.rule());
  return *RuleList::compile(specs);
}

TEST(HostileTexts, WithoutAnyCandidateAreReadOncePerPattern) {
  const RuleList rules = all_rules();
  const std::vector<std::string_view> units = {"0",       "9", "a", "@",  "-",  "\"",  "\\",  "\xff",
                                               {"\0", 1}, ".", "(", "あ", "a@", "@a.", "\r\n"};
  for (const std::string_view unit : units) {
    const std::string text = repeated(unit);
    const auto redacted = rules.rewrite(as_bytes(text));
    EXPECT_TRUE(redacted.replaced.empty()) << unit;
    EXPECT_LE(redacted.searched_bytes, text.size() * patterns_of_all()) << unit;
  }
}

TEST(HostileTexts, OfCandidatesThatAreNoneStayBounded) {
  for (const auto& [preset, unit] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"credit-card", "4111111111111112 "},
           {"credit-card", "1 "},
           {"credit-card", "41111111111111 "},
           {"japan-my-number", "123456789012 "},
           {"japan-phone", "0312345678-"},
           {"japan-phone", "0-"},
           {"email", "l@2x.png "},
           {"email", "a@b."},
           {"bearer-token", "bearer "},
           {"bearer-token", "bearer a "},
           {"bearer-token", "access_token:a "},
           {"aws-key", "secret_key="},
           {"private-key", "-----BEGIN "},
           {"auth-headers", "Cookie:\r\n"},
           {"destructive-sql", "update a set x="},
           {"destructive-sql", "update a set x=1 where b "},
           {"destructive-sql", "delete from "},
           {"destructive-sql", "/*"},
           {"destructive-os-command", "rm "},
           {"destructive-os-command", "find -"}}) {
    const std::string text = repeated(unit, kMebibyte / 4);
    const auto redacted = preset_rules(preset).rewrite(as_bytes(text));
    const std::uint64_t work = most_work(text.size()) * find_preset(preset)->patterns.size();
    EXPECT_LE(redacted.searched_bytes, work) << preset << ": " << unit;
    EXPECT_LE(redacted.text.size(), RuleList::longest(text.size()));
  }
}

// What a locator reads is not counted; were any of these quadratic, it would not end.
TEST(HostileTexts, OfQuotesAndCommentsAreReadOnce) {
  const RuleList rules = preset_rules("destructive-sql");
  for (const std::string_view unit : {"\\'", "'", "\\\"", "--\"", "#\\n", "/*", "`", "\" ,", "\","}) {
    const std::string text = "update a set x='" + repeated(unit, 4 * kMebibyte);
    EXPECT_LE(rules.matches(as_bytes(text)).size(), 1U) << unit;
  }
}

TEST(HostileTexts, OfNothingButFindsLoseThemAll) {
  for (const auto& [preset, unit, replacement] :
       std::vector<std::tuple<std::string_view, std::string_view, std::string_view>>{
           {"credit-card", "4111111111111111,", "[credit-card],"},
           {"email", "a@b.cc ", "[email] "},
           {"japan-my-number", "123456789018,", "[my-number],"},
           {"japan-phone", "0312345678,", "[phone],"},
           {"bearer-token", "Bearer abcdef12 ", "Bearer [token] "},
           {"aws-key", "AKIAIOSFODNN7EXAMPLE ", "[aws-key] "},
           {"private-key", "-----BEGIN PRIVATE KEY-----\"", "[private-key]\""},
           {"auth-headers", "Cookie:a\n", "Cookie:[masked]\n"}}) {
    const std::string text = repeated(unit, kMebibyte / 4);
    const auto redacted = preset_rules(preset).rewrite(as_bytes(text));
    const std::size_t times = text.size() / unit.size();
    EXPECT_EQ(redacted.text, repeated(replacement, times * replacement.size())) << preset;
    EXPECT_FALSE(redacted.shortened) << preset;
    EXPECT_LE(redacted.searched_bytes, most_work(text.size()) * find_preset(preset)->patterns.size())
        << preset;
  }
}

// LIM-2: nobody waits for a text that is made of nothing but matches. What is not looked through is not
// shown, and counts as found.
TEST(HostileTexts, OfMoreMatchesThanAnybodyWantsAreGivenUp) {
  const std::string text = repeated("1 ", 12 * kMebibyte);
  const RuleSpec digits_spec{.id = "digits", .patterns = {{"[0-9]"}}, .replacement = "#"};
  const RuleList digits = *RuleList::compile({&digits_spec, 1});
  const auto redacted = digits.rewrite(as_bytes(text));
  EXPECT_TRUE(redacted.shortened);
  EXPECT_EQ(redacted.text, "");
  EXPECT_FALSE(redacted.replaced.empty());
  EXPECT_FALSE(digits.rewrite(as_bytes(text).first(7 * kMebibyte)).shortened);

  const auto never = [](std::string_view, TextSpan) { return Located{}; };
  const RuleSpec none_spec{.id = "none", .patterns = {{"[0-9]", never}}, .replacement = ""};
  const RuleList none_valid = *RuleList::compile({&none_spec, 1});
  EXPECT_EQ(none_valid.matches(as_bytes(text)).size(), 1U);
  EXPECT_TRUE(none_valid.matches(as_bytes(text).first(kMebibyte)).empty());
}

/// Each search of such a pattern hopes for a match that would end where the text ends.
TEST(HostileTexts, DoNotMakeHopefulPatternsQuadratic) {
  const std::string text(64 * 1024, 'a');
  for (const std::string_view pattern : {"a.*b|a", "a[^b]*b|a", "(?s)a.*?b|a", "(?P<secret>a).{0,200}|a"}) {
    const std::vector<RuleSpec> specs = {{"r", {{std::string(pattern), nullptr}}, "x"}};
    const auto redacted = RuleList::compile(specs)->rewrite(as_bytes(text));
    EXPECT_EQ(redacted.text, std::string(text.size(), 'x')) << pattern;
    EXPECT_LE(redacted.searched_bytes, most_work(text.size())) << pattern;
  }
}

TEST(HostileTexts, LongMatchesAreFoundBehindManyShortOnes) {
  const std::vector<RuleSpec> specs = {{"r", {{"BEGIN[^#]*END|pass=\\w+", nullptr}}, "x"}};
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "pass=a;";
  const std::string before = text;
  text += "BEGIN" + std::string(200'000, '.') + "END";
  const auto redacted = RuleList::compile(specs)->rewrite(as_bytes(text));
  EXPECT_EQ(redacted.replaced, (std::vector<RuleList::Replaced>{{0, 2001}}));
  EXPECT_TRUE(redacted.text.ends_with("x;x"));
  EXPECT_EQ(redacted.text.size(), 2000 * 2 + 1U);
}

TEST(HostileTexts, WithLongRestsBehindASecretStayBounded) {
  const std::vector<RuleSpec> specs = {{"r", {{"(?P<secret>a)[^b]*b", nullptr}}, "x"}};
  const std::string text = std::string(64 * 1024, 'a') + "b";
  const auto redacted = RuleList::compile(specs)->rewrite(as_bytes(text));
  EXPECT_LE(redacted.searched_bytes, most_work(text.size()));
  EXPECT_EQ(redacted.replaced.size(), 1U);
}

}  // namespace
}  // namespace wstap::steps

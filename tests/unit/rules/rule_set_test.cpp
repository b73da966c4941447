// SPDX-License-Identifier: Apache-2.0
// Rules files: what they mean, and that a bad one is refused whole, with every fault's place (PIPE-3,
// PIPE-6).
#include "libcore/rules/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wstap::rules {
namespace {

RuleSet parsed(std::string_view toml) {
  auto rules = parse(toml);
  if (!rules) {
    ADD_FAILURE() << rules.error().front().line << ": " << rules.error().front().text;
    return {};
  }
  return std::move(*rules);
}

TEST(RuleSet, OfAnEmptyFileDoesNothing) {
  EXPECT_TRUE(parsed("").transforms.empty());
  EXPECT_TRUE(parsed("# nothing\n").transforms.empty());
}

TEST(RuleSet, ReadsATransform) {
  const auto rules = parsed(R"(
    [[transform]]
    id = "role"
    filter = 'send and json("/role") == "user"'
    set = { "/role" = "admin", "/level" = 3, "/on" = true, "/rate" = 1.5, "/list" = [1, "x", {a = 2}] }
    set_json = { "/none" = "null" }
    replace = { pattern = '(\w+)@(\w+)', with = '$2 at $1, $$1 \1' }
    tags = ["seen"]
    opcode = "binary"
    copies = 2
    before = { text = "hello" }
    after = [{ hex = "01 02" }, { opcode = "ping", text = "p" }]
    [[transform]]
    id = "end"
    filter = "close"
    close = { code = 4000, reason = "because" }
  )");
  ASSERT_EQ(rules.transforms.size(), 2U);
  const auto& rule = rules.transforms[0];
  EXPECT_EQ(rule.id, "role");
  EXPECT_TRUE(rule.acts_on_messages());
  ASSERT_EQ(rule.settings.size(), 6U);
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto& each : rule.settings) settings.emplace_back(each.pointer.at(0), each.value.expand({}));
  EXPECT_THAT(settings, testing::UnorderedElementsAre(std::pair("role", "\"admin\""), std::pair("level", "3"),
                                                      std::pair("on", "true"), std::pair("rate", "1.5"),
                                                      std::pair("list", R"([1,"x",{"a":2}])"),
                                                      std::pair("none", "null")));
  EXPECT_EQ(rule.replacements.value().rewrite(as_bytes("a@b")).text, R"(b at a, $1 \1)");
  EXPECT_EQ(rule.tags, std::vector<std::string>{"seen"});
  EXPECT_EQ(rule.opcode, ws::kBinary);
  EXPECT_EQ(rule.copies, 2U);
  EXPECT_EQ(rule.before.at(0).payload.expand({}), "hello");
  EXPECT_EQ(rule.after.at(0).opcode, ws::kBinary);
  EXPECT_EQ(rule.after.at(1).opcode, ws::kPing);
  EXPECT_EQ(rules.transforms[1].close_code, 4000);
  EXPECT_EQ(rules.transforms[1].close_reason.value().expand({}), "because");
  EXPECT_FALSE(rules.transforms[1].acts_on_messages());
}

// SAFE-4, SAFE-5
TEST(RuleSet, ReadsRedactions) {
  const auto rules = parsed(R"(
    [[safety.output]]
    preset = "credit-card"
    [[safety.output]]
    preset = "auth-headers"
    [[safety.output]]
    id = "token"
    pattern = 'token=(\w)\w*'
    replacement = '$1...'
    direction = "both"
    where = ["payload", "url", "close_reason", "head"]
    [[safety.output]]
    id = "mine"
    pattern = 'x'
    direction = "send"
  )");
  ASSERT_EQ(rules.redactions.size(), 4U);
  const auto& cards = rules.redactions[0];
  EXPECT_EQ(cards.payloads, (std::array{false, true}));
  EXPECT_EQ(cards.heads, (std::array{false, false}));
  EXPECT_EQ(cards.spec.replacement, "[credit-card]");
  EXPECT_EQ(rules.redactions[1].heads, (std::array{true, true}));
  EXPECT_EQ(rules.redactions[1].payloads, (std::array{false, false}));
  const auto& token = rules.redactions[2];
  EXPECT_TRUE(token.payloads[0] && token.payloads[1] && token.urls && token.close_reasons && token.heads[0]);
  EXPECT_EQ(rules.redactions[3].payloads, (std::array{true, false}));
  EXPECT_EQ(rules.redactions[3].spec.replacement, "[redacted]");
  ASSERT_TRUE(rules.output);
  EXPECT_EQ(rules.output->urls()->rewrite(as_bytes("?token=abc")).text, "?a...");
}

// HostScope, HttpScope, PIPE-4
TEST(RuleSet, ReadsScopes) {
  const auto rules = parsed(R"(
    [scope]
    allow = ["*.example.com:443", "wss://other.example/chat"]
    deny = ["secret.example.com"]
    [capture]
    filter = 'host == "a.example.com"'
  )");
  ASSERT_EQ(rules.scope.allow.size(), 2U);
  EXPECT_EQ(rules.scope.allow[1].text(), "wss://other.example/chat");
  EXPECT_EQ(rules.scope.deny.at(0).text(), "secret.example.com");
  EXPECT_TRUE(rules.recorded);
  const auto pipeline = rules.pipeline();
  EXPECT_EQ(pipeline.scope().allow.size(), 2U);
  EXPECT_TRUE(pipeline.records(pipeline::FlowNames(1, "wss://a.example.com/", {})));
  EXPECT_FALSE(pipeline.records(pipeline::FlowNames(1, "wss://b.example.com/", {})));
}

// LIM-5
TEST(RuleSet, ReadsLimits) {
  const auto rules = parsed(R"(
    [[limit]]
    id = "gently"
    targets = ["*.example.com"]
    direction = "send"
    upgrades_per_second = 0.5
    frames_per_second = 100
    [[limit]]
    id = "in-all"
    per = "all"
    bytes_per_second = "1M"
    bytes = "2GiB"
    duration = "10m"
  )");
  ASSERT_EQ(rules.limits.size(), 2U);
  const auto& gently = rules.limits[0];
  EXPECT_EQ(gently.id, "gently");
  EXPECT_EQ(gently.targets.at(0).text(), "*.example.com");
  EXPECT_TRUE(gently.per_host);
  EXPECT_EQ(gently.directions, (std::array{true, false}));
  EXPECT_EQ(gently.upgrades_per_second, 0.5);
  EXPECT_EQ(gently.frames_per_second, 100);
  const auto in_all = rules.pipeline().limits().at(1);
  EXPECT_FALSE(in_all.per_host);
  EXPECT_EQ(in_all.directions, (std::array{true, true}));
  EXPECT_EQ(in_all.bytes_per_second, 1U << 20);
  EXPECT_EQ(in_all.bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(in_all.duration_ns, 600'000'000'000);
}

// SAFE-2: what nobody can read is blocked, tunnels too, where rules say no other.
TEST(RuleSet, BlocksUnreadTunnelsWithWhatIsUnreadable) {
  const std::string rule = "[[safety.input]]\nid='x'\npattern='x'\n";
  EXPECT_TRUE(parsed("").scope.unread);
  EXPECT_FALSE(parsed(rule).scope.unread);
  EXPECT_TRUE(parsed(rule + "action='log_only'\n").scope.unread);
  EXPECT_TRUE(parsed("[safety]\non_unreadable='pass'\n" + rule).scope.unread);
  EXPECT_TRUE(parsed("[scope]\nunread=true\n" + rule).scope.unread);
  EXPECT_FALSE(parsed("[scope]\nunread=false\n").scope.unread);
  EXPECT_FALSE(parsed("[scope]\ndeny=[]\n" + rule).scope.unread);
}

// SAFE-1 to SAFE-3, SAFE-5
TEST(RuleSet, ReadsSafetyRules) {
  const auto rules = parsed(R"(
    [safety]
    on_unreadable = "pass"
    on_block = "close"
    [[safety.input]]
    id = "no-drop-table"
    pattern = '(?i)drop\s+table'
    [[safety.input]]
    preset = "destructive-sql"
    action = "log_only"
    direction = "both"
    types = ["binary", "control"]
    [[safety.input]]
    id = "cards"
    pattern = '\d{16}'
    validator = "luhn"
    direction = "receive"
  )");
  EXPECT_FALSE(rules.safety.blocks_unreadable);
  EXPECT_TRUE(rules.safety.closes);
  ASSERT_EQ(rules.safety.rules.size(), 3U);
  const auto& [own, preset, cards] =
      std::tie(rules.safety.rules[0], rules.safety.rules[1], rules.safety.rules[2]);
  EXPECT_EQ(own.spec.id, "no-drop-table");
  EXPECT_TRUE(own.blocks && own.texts && !own.binaries && !own.controls);
  EXPECT_EQ(own.directions, (std::array{true, false}));
  EXPECT_EQ(preset.spec.id, "destructive-sql");
  EXPECT_TRUE(!preset.blocks && !preset.texts && preset.binaries && preset.controls);
  EXPECT_EQ(preset.directions, (std::array{true, true}));
  EXPECT_NE(cards.spec.patterns.at(0).locator, nullptr);
  EXPECT_EQ(cards.directions, (std::array{false, true}));
}

struct Wrong {
  const char* toml;
  std::size_t line, column;
  const char* words;
};
class RulesFault : public testing::TestWithParam<Wrong> {};
TEST_P(RulesFault, IsSaidWithItsPlace) {
  const auto rules = parse(GetParam().toml);
  ASSERT_FALSE(rules);
  const Fault& fault = rules.error().front();
  EXPECT_EQ(fault.line, GetParam().line) << fault.text;
  EXPECT_EQ(fault.column, GetParam().column) << fault.text;
  EXPECT_NE(fault.text.find(GetParam().words), std::string::npos) << fault.text;
}
INSTANTIATE_TEST_SUITE_P(
    All, RulesFault,
    testing::Values(
        Wrong{"[[transform]\n", 1, 13, "expected"},
        Wrong{"[[transfrom]]\nid='a'\n", 1, 3, "did you mean 'transform'"},
        Wrong{"transform = 5\n", 1, 13, "is a table"},
        Wrong{"[[transform]]\ndrop = true\n", 1, 1, "wants an id"},
        Wrong{"[[transform]]\nid = 'a'\n", 1, 1, "does nothing"},
        Wrong{"[[transform]]\nid = 'a'\nfliter = 'send'\ndrop = true\n", 3, 1, "did you mean 'filter'"},
        Wrong{"[[transform]]\nid = 'a'\ndrop = 'yes'\n", 3, 8, "true or false"},
        Wrong{"[[transform]]\nid = 5\ndrop = true\n", 2, 6, "'id' is a text"},
        Wrong{"[[transform]]\nid = 'a'\nfilter = 'send and opcodee == text'\ndrop = true\n", 3, 10,
              "column 10: unknown name: 'opcodee' (did you mean 'opcode'?)\n  send and opcodee"},
        Wrong{"[[transform]]\nid = 'a'\nfilter = 'cause == \"rule:b\"'\ndrop = true\n", 3, 10,
              "before they have a verdict"},
        Wrong{"[[transform]]\nid = 'a'\nreplace = { pattern = 'a(', with = '' }\n", 3, 23, "missing"},
        Wrong{"[[transform]]\nid = 'a'\nreplace = { pattern = 'a', with = '$1' }\n", 3, 35,
              "the pattern has 0 groups"},
        Wrong{"[[transform]]\nid = 'a'\nreplace = { pattern = 'a', with = '5 $' }\n", 3, 35, "a dollar sign"},
        Wrong{"[[transform]]\nid = 'a'\nreplace = { pattern = 'a' }\n", 3, 11, "wants pattern and with"},
        Wrong{"[[transform]]\nid = 'a'\nset = { 'a' = 1 }\n", 3, 15, "begins with '/'"},
        Wrong{"[[transform]]\nid = 'a'\nset_json = { '/a' = '{' }\n", 3, 21, "holds JSON"},
        Wrong{"[[transform]]\nid = 'a'\nset = { '/a' = [ { b = nan } ] }\n", 3, 16,
              "a number that JSON has not"},
        Wrong{"[[transform]]\nid = 'a'\ndrop = tru\n", 3, 11, "\\n"},
        Wrong{"[[transform]]\nid = 'a'\nclose = { code = 1005 }\n", 3, 18, "may not be sent"},
        Wrong{"[[transform]]\nid = 'a'\nclose = { reason = "
              "'0123456789012345678901234567890123456789012345678901234567890123456789"
              "012345678901234567890123456789012345678901234567890123' }\n",
              3, 20, "at most 123 bytes"},
        Wrong{"[[transform]]\nid = 'a'\nclose = { code = 5000 }\n", 3, 18, "from 1000 to 4999"},
        Wrong{"[[transform]]\nid = 'a'\nopcode = 'txt'\n", 3, 10, "did you mean 'text'"},
        Wrong{"[[transform]]\nid = 'a'\nbefore = { text = 'a', hex = '00' }\n", 3, 10, "either text or hex"},
        Wrong{"[[transform]]\nid = 'a'\nbefore = { hex = '0' }\n", 3, 18, "hexadecimal"},
        Wrong{"[[transform]]\nid = 'a'\ntags = ['a', 5]\n", 3, 14, "list of texts"},
        Wrong{"[[transform]]\nid = 'a'\ndelay = '5 parsecs'\n", 3, 9, "like '500ms'"},
        Wrong{"[[transform]]\nid = 'a'\ndelay = 5\n", 3, 9, "a duration of up to a year"},
        Wrong{"[[transform]]\nid = 'a'\ndrop = true\ndelay = '1s'\n", 1, 1, "delays nothing"},
        Wrong{"[[transform]]\nid = 'a'\nextract = { a = { json = '/a' } }\n", 3, 1, "unknown key 'extract'"},
        Wrong{"[scope]\nallow = 'a'\n", 2, 9, "list of texts"},
        Wrong{"[scope]\nallow = ['a', 5]\n", 2, 15, "no text"},
        Wrong{"[scope]\ndeny = ['a', 'a:x']\n", 2, 14, "deny: ':x' is no port"},
        Wrong{"[scope]\nalow = []\n", 2, 1, "did you mean 'allow'"},
        Wrong{"[scope]\nunread = 'no'\n", 2, 10, "true or false"},
        Wrong{"[scope]\nallow = []\n", 2, 9, "'allow' names no target"},
        Wrong{"[scope]\ndeny = ['127.0.0.0/8']\n", 2, 9,
              "'/8' is no path; a network is written as 10.0.* is"},
        Wrong{"[scope]\ndeny = ['[fe80::]/10']\n", 2, 9, "'/10' is no path"},
        Wrong{"[scope]\ndeny = ['a/b?c']\n", 2, 9, "neither query"},
        Wrong{"scope = 5\n", 1, 9, "'scope' is a table"},
        Wrong{"[capture]\nfilter = 'text'\n", 2, 10, "decided when it opens"},
        Wrong{"[capture]\nfilter = 'hots == \"a\"'\n", 2, 10, "did you mean 'host'"},
        Wrong{"[[macro]]\nid = 'm'\n", 1, 1, "wants rules"},
        Wrong{"[[macro]]\n[[macro.rule]]\ndrop = true\n", 1, 1, "wants an id"},
        Wrong{"[[macro]]\nid = 'm'\nrule = [ { drop = true } ]\n[[macro]]\nid = 'm'\nrule = [ { drop = true "
              "} ]\n",
              5, 6, "another rule 'm'"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\n", 3, 1, "does nothing"},
        Wrong{"[[macro]]\nid = 'm'\nrule = [ { set = { '/a' = '${b}' } } ]\n", 3, 27, "extracted as 'b'"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a = { json = 'a' } }\n", 4, 26,
              "begins with '/'"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a = { pattern = '(' } }\n", 4, 29, "missing"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a = { } }\n", 4, 17,
              "either json or pattern"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a-b = { json = '/a' } }\n", 4, 13,
              "is no name"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a = 5 }\n", 4, 17, "json or pattern"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a = { json = '/a' } }\nset_json = { '/b' = "
              "'[${a}' }\n",
              5, 21, "holds JSON"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nextract = { a = { json = '/a' } }\nset_json = { '/b' = "
              "'\"p${a}\"' }\n",
              5, 21, "not a part of a string"},
        Wrong{"[[macro]]\nid = 'm'\nrule = [ { after = { text = '${a' } } ]\n", 3, 29, "written as ${NAME}"},
        Wrong{"[[macro]]\nid = 'm/n'\nrule = [ { drop = true } ]\n", 2, 6, "has no '/'"},
        Wrong{"[[macro]]\nid = 'm'\n[[macro.rule]]\nid = 'r'\ndrop = true\n[[macro.rule]]\nid = 'r'\ndrop = "
              "true\n",
              7, 6, "another rule 'r'"},
        Wrong{"[[transform]]\nid = 'a'\ndrop = true\nfin = true\n", 1, 1, "drops changes nothing"},
        Wrong{"[[transform]]\nid = 'a'\ndrop = true\n[[transform]]\nid = 'a'\ndrop = true\n", 5, 6,
              "another rule 'a'"}));

INSTANTIATE_TEST_SUITE_P(
    Limits, RulesFault,
    testing::Values(
        Wrong{"[[limit]]\nbytes = 1\n", 1, 1, "wants an id"},
        Wrong{"[[limit]]\nid = 'a'\n", 1, 1, "wants a bound"},
        Wrong{"[[limit]]\nid = 'a'\nbytes = 1\n[[limit]]\nid = 'a'\nbytes = 1\n", 5, 6, "another rule 'a'"},
        Wrong{"[[limit]]\nid = 'a'\nframes_per_second = 0\n", 3, 21, "a number above 0"},
        Wrong{"[[limit]]\nid = 'a'\nframes_per_second = nan\n", 3, 21, "a number above 0"},
        Wrong{"[[limit]]\nid = 'a'\nupgrades_per_second = '5'\n", 3, 23, "a number above 0"},
        Wrong{"[[limit]]\nid = 'a'\nbytes_per_second = '1 furlong'\n", 3, 20, "a number of bytes"},
        Wrong{"[[limit]]\nid = 'a'\nduration = 5\n", 3, 12, "a duration"},
        Wrong{"[[limit]]\nid = 'a'\nbytes = 1\nper = 'flow'\n", 4, 7, "not one of host, all"},
        Wrong{"[[limit]]\nid = 'a'\nduration = '1s'\ndirection = 'send'\n", 4, 13, "nothing bounds frames"},
        Wrong{"[[limit]]\nid = 'a'\nbytes = 1\ntargets = ['a:x']\n", 4, 12, "targets: ':x' is no port"},
        Wrong{"[[limit]]\nid = 'a'\nframe_per_second = 1\n", 3, 1, "did you mean 'frames_per_second'"}));

INSTANTIATE_TEST_SUITE_P(
    Safety, RulesFault,
    testing::Values(
        Wrong{"safety = 5\n", 1, 10, "is a table"},
        Wrong{"[safety]\non_unreadable = 'stop'\n", 2, 17, "not one of block, pass"},
        Wrong{"[[safety.input]]\nid = 'a'\n", 1, 1, "either pattern or preset"},
        Wrong{"[[safety.input]]\npattern = 'a'\n", 1, 1, "wants an id"},
        Wrong{"[[safety.input]]\npreset = 'destructive-sqll'\n", 2, 10, "did you mean 'destructive-sql'"},
        Wrong{"[[safety.input]]\nid = 'a'\npattern = 'a('\n", 3, 11, "missing"},
        Wrong{"[[safety.input]]\nid = 'a'\npattern = 'a'\nvalidator = 'x'\n", 4, 13, "no validator"},
        Wrong{"[[safety.input]]\nid = 'a'\npattern = 'a'\ntypes = ['txt']\n", 4, 9, "not one of text"},
        Wrong{"[[safety.input]]\nid = 'a'\npattern = 'a'\ntypes = []\n", 4, 9, "names none of text"},
        Wrong{"[[safety.input]]\nid = 'a'\npattern = ''\n", 3, 11, "found everywhere"},
        Wrong{"[[safety.input]]\nid = 'unreadable'\npattern = 'a'\n", 2, 6, "nobody can read"},
        Wrong{"[[safety.input]]\nid = 'a'\npattern = 'a'\n[[safety.input]]\nid = 'a'\npattern = 'b'\n", 5, 6,
              "another rule 'a'"},
        Wrong{"[[safety.output]]\nid = 'a'\npattern = 'a'\n[[safety.output]]\nid = 'a'\npattern = 'b'\n", 5,
              6, "another rule 'a'"},
        Wrong{"[[safety.otput]]\nid = 'a'\n", 1, 10, "did you mean 'output'"},
        Wrong{"[[safety.output]]\nid = 'a'\n", 1, 1, "either pattern or preset"},
        Wrong{"[[safety.output]]\npattern = 'a'\n", 1, 1, "wants an id"},
        Wrong{"[[safety.output]]\npreset = 'email'\nreplacement = '$9'\n", 3, 15, "$9 is in it"},
        Wrong{"[[safety.output]]\npreset = 'email'\nwhere = ['body']\n", 3, 9, "not one of payload, head"},
        Wrong{"[[safety.output]]\npreset = 'email'\nwhere = []\n", 3, 9, "names no place"},
        Wrong{"[[safety.output]]\npreset = 'email'\ndirection = 'up'\n", 3, 13, "not one of send"},
        Wrong{"[[safety.output]]\npreset = 'email'\naction = 'block'\n", 3, 1, "unknown key 'action'"}));

TEST(RuleSet, SaysAllThatIsWrong) {
  const auto rules =
      parse("[[transform]]\nid = 'a'\nopcode = 'x'\nfin = 3\n[[transform]]\nid = 'b'\nfilter = 'sent'\n");
  ASSERT_FALSE(rules);
  std::vector<std::size_t> lines;
  for (const auto& fault : rules.error()) lines.push_back(fault.line);
  EXPECT_THAT(lines, testing::ElementsAre(3, 4, 7));
  const auto safety = parse("[[safety.input]]\npattern = '('\ntypes = []\n");
  ASSERT_FALSE(safety);
  EXPECT_EQ(safety.error().size(), 3U);
}

}  // namespace
}  // namespace wstap::rules

// SPDX-License-Identifier: Apache-2.0
#include "cmd/live_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/rules_file.h"

namespace wstap::cmd {
namespace {

bool is_same(const steps::RuleSpec& one, const steps::RuleSpec& other) {
  const auto patterns = [](const steps::PatternSpec& a, const steps::PatternSpec& b) {
    return a.pattern == b.pattern && a.locator == b.locator;
  };
  return one.id == other.id && one.replacement == other.replacement &&
         std::ranges::equal(one.patterns, other.patterns, patterns);
}
bool is_same(const steps::InputRule& one, const steps::InputRule& other) {
  return is_same(one.spec, other.spec) && one.blocks == other.blocks && one.directions == other.directions &&
         one.texts == other.texts && one.binaries == other.binaries && one.controls == other.controls;
}
bool is_same(const steps::OutputRule& one, const steps::OutputRule& other) {
  return is_same(one.spec, other.spec) && one.payloads == other.payloads && one.heads == other.heads &&
         one.urls == other.urls && one.close_reasons == other.close_reasons;
}

/// @return the id of a rule that is not there any more, or another one; empty: all are.
template <class Rule>
std::string missing(const std::vector<Rule>& now, const std::vector<Rule>& then) {
  for (const auto& rule : now)
    if (std::ranges::none_of(then, [&](const Rule& each) { return is_same(rule, each); }))
      return rule.spec.id;
  return {};
}

/// @return what would pass, or be recorded, that is not now, in words; empty: nothing.
std::string weaker(const rules::RuleSet& now, const rules::RuleSet& then) {
  if (const auto id = missing(now.safety.rules, then.safety.rules); !id.empty())
    return fmt::format("the safety rule '{}' would be gone, or another one", id);
  if (const auto id = missing(now.redactions, then.redactions); !id.empty())
    return fmt::format("the redaction '{}' would be gone, or another one", id);
  if (now.safety.blocks_unreadable && !then.safety.blocks_unreadable) return "on_unreadable would be pass";
  if (now.safety.closes && !then.safety.closes) return "on_block would not be close any more";
  return {};
}

template <class Rules, class Name>
void list(std::vector<std::string>& all, std::string_view kind, const Rules& rules, Name name) {
  for (const auto& rule : rules) all.push_back(fmt::format("{}:{}", kind, name(rule)));
}

}  // namespace

void LiveRules::begin(rules::RuleSet rules) {
  const std::lock_guard guard(lock_);
  if (has_file() || hold_.any()) use(std::move(rules));
}

void LiveRules::use(rules::RuleSet rules) {
  hold_.add_to(rules);
  redactor_.use(rules.output);
  proxy_.use(rules.pipeline());
  const auto text = fmt::format("rules: {}{}", has_file() ? path_ + ": " : "", summary(rules));
  log_.line(LogLevel::notice, text);
  // Where it cannot be recorded, the frames' own records will say so.
  (void)redactor_.note({0, clock_.now_ns(), text});
  in_force_ = std::move(rules);
  ++version_;
}

void LiveRules::reload() {
  auto rules = read_rules(path_);
  const std::lock_guard guard(lock_);
  if (rules) return use(std::move(*rules));
  for (const auto& fault : rules.error()) log_.line(LogLevel::error, fault);
  log_.line(LogLevel::error, fmt::format("rules: {}: the rules before stay", path_));
}

std::string LiveRules::reload_for_reviewer() {
  if (!has_file()) return "the proxy was started without --rules";
  auto rules = read_rules(path_);
  if (!rules) return fmt::format("{}", fmt::join(rules.error(), "\n"));
  if (auto why = weaker(in_force_, *rules); !why.empty()) return why + ": safety is weakened by SIGHUP only";
  use(std::move(*rules));
  return {};
}

control::Rules LiveRules::tell(bool reload) {
  const std::lock_guard guard(lock_);
  control::Rules told;
  if (reload) told.refused = reload_for_reviewer();
  told.path = path_;
  told.version = version_;
  const auto id = [](const auto& rule) { return rule.id; };
  list(told.rules, "safety", in_force_.safety.rules, [](const auto& rule) { return rule.spec.id; });
  list(told.rules, "redact", in_force_.redactions, [](const auto& rule) { return rule.spec.id; });
  list(told.rules, "hold", in_force_.holds, id);
  list(told.rules, "transform", in_force_.transforms, id);
  list(told.rules, "macro", in_force_.macros, id);
  list(told.rules, "limit", in_force_.limits, id);
  return told;
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "cmd/rule_tallies.h"

#include <fmt/format.h>

#include "libcore/base/printable.h"

namespace wstap::cmd {

RuleTallies::RuleTallies(const rules::RuleSet& rules) {
  if (!rules.scope.everything()) count("scope", 0);
  for (const auto& rule : rules.safety.rules) count("safety:" + rule.spec.id, 0);
  for (const auto& rule : rules.transforms) count("rule:" + rule.id, 0);
  for (const auto& macro : rules.macros)
    for (const auto& rule : macro.rules) count("macro:" + macro.name_of(rule), 0);
  for (const auto& rule : rules.redactions) count("redaction:" + rule.spec.id, 0);
}

void RuleTallies::count(const std::string& rule, std::uint64_t times) {
  const auto [found, is_new] = index_.try_emplace(rule, tallies_.size());
  if (is_new) tallies_.emplace_back(rule, 0);
  tallies_[found->second].second += times;
}

void RuleTallies::add(const std::map<std::string, std::uint64_t>& picked) {
  for (const auto& [rule, times] : picked) count(rule, times);
}

void RuleTallies::add(const pipeline::Envelope& judged) {
  for (const auto& id : judged.logged) count("safety:" + id);
  for (const auto& id : judged.redacted) count("redaction:" + id);
  if (judged.by_safety() && !is_known(judged)) count(judged.cause);
  if (!judged.by_safety() && judged.verdict == pipeline::Verdict::blocked) count("scope");
}

/// It is more of a message that was blocked before.
bool RuleTallies::is_known(const pipeline::Envelope& judged) {
  if (!judged.placement.in_message()) return false;
  const auto [last, is_new] = blocked_.try_emplace({judged.flow, judged.direction});
  return std::exchange(last->second, judged.placement.message_first) == judged.placement.message_first &&
         !is_new;
}

void RuleTallies::print(std::string& out) const {
  for (const auto& [rule, times] : tallies_) out += fmt::format("{:>7} {}\n", times, printable(rule));
}

}  // namespace wstap::cmd

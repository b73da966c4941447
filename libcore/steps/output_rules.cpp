// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/output_rules.h"

namespace wstap::steps {
namespace {

/// Those that look at a place, in their order. @return none: no rule does.
template <class Looks>
Result<std::optional<RuleList>> those_that(const std::vector<OutputRule>& rules, Looks&& look) {
  std::vector<RuleSpec> specs;
  for (const auto& rule : rules)
    if (look(rule)) specs.push_back(rule.spec);
  if (specs.empty()) return std::nullopt;
  auto list = RuleList::compile(specs);
  if (!list) return std::unexpected(list.error());
  return std::move(*list);
}

}  // namespace

Result<std::shared_ptr<const OutputRules>> OutputRules::make(const std::vector<OutputRule>& rules) {
  auto made = std::make_shared<OutputRules>();
  Result<void> done;
  const auto fill = [&](std::optional<RuleList>& list, auto looks) {
    auto compiled = those_that(rules, looks);
    if (compiled) {
      list = std::move(*compiled);
    } else {
      done = std::unexpected(compiled.error());
    }
  };
  for (std::size_t i = 0; i < 2; ++i) {
    fill(made->payloads_[i], [i](const OutputRule& rule) { return rule.payloads[i]; });
    fill(made->heads_[i], [i](const OutputRule& rule) { return rule.heads[i]; });
  }
  fill(made->urls_, [](const OutputRule& rule) { return rule.urls; });
  fill(made->close_reasons_, [](const OutputRule& rule) { return rule.close_reasons; });
  if (!done) return std::unexpected(done.error());
  return made;
}

}  // namespace wstap::steps

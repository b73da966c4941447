// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/rule_set.h"

#include <algorithm>

#include "libcore/base/printable.h"
#include "libcore/rules/hold_rules.h"
#include "libcore/rules/limit_rules.h"
#include "libcore/rules/macro_rules.h"
#include "libcore/rules/safety_rules.h"
#include "libcore/rules/scope_rules.h"
#include "libcore/rules/transform_rules.h"

namespace wstap::rules {

pipeline::Pipeline RuleSet::pipeline() const {
  std::vector<std::shared_ptr<pipeline::Step>> steps;
  if (safety_step) steps.push_back(safety_step);
  if (!holds.empty()) steps.push_back(std::make_shared<steps::Intercept>(holds));
  if (!transforms.empty() || !macros.empty())
    steps.push_back(std::make_shared<steps::Transform>(transforms, macros));
  return pipeline::Pipeline(std::move(steps), scope, recorded, limits).with(hold_queue);
}

std::expected<RuleSet, std::vector<Fault>> parse(std::string_view text) {
  Faults faults;
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    add_fault(faults, error.source(), printable(error.description()));
    return std::unexpected(std::move(faults));
  }
  RuleSet rules;
  Table top(document, faults);
  const auto transforms = top.tables("transform");
  for (const auto* each : transforms)
    if (auto rule = read_transform(*each, nullptr, faults)) rules.transforms.push_back(std::move(*rule));
  const auto macros = top.tables("macro");
  for (const auto* each : macros)
    if (auto macro = read_macro(*each, faults)) rules.macros.push_back(std::move(*macro));
  const auto holds = top.tables("hold");
  for (const auto* each : holds)
    if (auto rule = read_hold(*each, faults)) rules.holds.push_back(std::move(*rule));
  if (const auto* queue = top.table("hold_queue")) read_hold_queue(*queue, rules.hold_queue, faults);
  const auto limits = top.tables("limit");
  for (const auto* each : limits)
    if (auto limit = read_limit(*each, faults)) rules.limits.push_back(std::move(*limit));
  if (const auto* capture = top.table("capture")) rules.recorded = read_capture_scope(*capture, faults);
  const auto* safety = top.table("safety");
  rules.safety = read_safety(safety, rules.redactions, faults);
  // SAFE-2: nobody can read what goes through such a tunnel.
  rules.scope.unread = !rules.safety.blocks_what_is_unread();
  if (const auto* scope = top.table("scope")) read_scope(*scope, rules.scope, faults);
  if (!rules.safety.rules.empty()) {
    if (auto made = steps::Safety::make(rules.safety)) {
      rules.safety_step = std::move(*made);
    } else {
      top.fault(*safety, made.error().text());
    }
  }
  if (!rules.redactions.empty()) {
    if (auto made = steps::OutputRules::make(rules.redactions)) {
      rules.output = std::move(*made);
    } else {
      top.fault(*safety, made.error().text());
    }
  }
  top.end();
  check_ids(transforms, faults);
  check_ids(macros, faults);
  check_ids(holds, faults);
  check_ids(limits, faults);
  if (faults.empty()) return rules;
  std::ranges::stable_sort(faults, [](const Fault& a, const Fault& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return std::unexpected(std::move(faults));
}

}  // namespace wstap::rules

// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/safety_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/rules/patterns.h"
#include "libcore/rules/redaction_rules.h"
#include "libcore/rules/values.h"

namespace wstap::rules {
namespace {

using steps::InputRule;

constexpr std::array<std::string_view, 2> kActions = {"block", "log_only"};
constexpr std::array<std::string_view, 3> kTypes = {"text", "binary", "control"};
constexpr std::array<std::string_view, 2> kOnUnreadable = {"block", "pass"};
constexpr std::array<std::string_view, 2> kOnBlock = {"drop", "close"};

void read_types(Table& rule, const toml::table& table, InputRule& made) {
  const auto types = rule.texts("types");
  const auto* given = table.get("types");
  if (types.empty() && given != nullptr && given->is_array())
    return rule.fault(*given, "'types' names none of text, binary, control");
  if (types.empty()) return;
  made.texts = made.binaries = made.controls = false;
  for (const auto& type : types) {
    if (std::ranges::find(kTypes, type) == kTypes.end())
      rule.fault(*table.get("types"), fmt::format("'{}' is not one of text, binary, control", type));
    made.texts |= type == kTypes[0];
    made.binaries |= type == kTypes[1];
    made.controls |= type == kTypes[2];
  }
}

void read_input(const toml::table& table, steps::SafetyInput& safety, Faults& faults) {
  const std::size_t before = faults.size();
  Table rule(table, faults);
  InputRule made;
  made.spec.id = rule.text("id").value_or("");
  read_patterns(rule, table, made.spec);
  made.blocks = rule.word("action", kActions).value_or(0) == 0;
  made.directions = read_directions(rule).value_or(made.directions);
  read_types(rule, table, made);
  rule.end();
  check_rule(rule, table, made.spec);
  if (made.spec.id == "unreadable")
    rule.fault(*table.get("id"), "'unreadable' is what is said of messages that nobody can read");
  if (faults.size() == before) safety.rules.push_back(std::move(made));
}

}  // namespace

steps::SafetyInput read_safety(const toml::table* found, std::vector<steps::OutputRule>& output,
                               Faults& faults) {
  steps::SafetyInput safety;
  if (found == nullptr) return safety;
  Table table(*found, faults);
  safety.blocks_unreadable = table.word("on_unreadable", kOnUnreadable).value_or(0) == 0;
  safety.closes = table.word("on_block", kOnBlock).value_or(0) == 1;
  const auto inputs = table.tables("input");
  for (const auto* each : inputs) read_input(*each, safety, faults);
  check_ids(inputs, faults);
  output = read_redactions(table, faults);
  table.end();
  return safety;
}

}  // namespace wstap::rules

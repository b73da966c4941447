// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/safety_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/nearest.h"
#include "libcore/steps/safety_presets.h"

namespace wstap::rules {
namespace {

using steps::InputRule;

constexpr std::array<std::string_view, 2> kActions = {"block", "log_only"};
constexpr std::array<std::string_view, 3> kDirections = {"send", "receive", "both"};
constexpr std::array<std::string_view, 3> kTypes = {"text", "binary", "control"};
constexpr std::array<std::string_view, 2> kOnUnreadable = {"block", "pass"};
constexpr std::array<std::string_view, 2> kOnBlock = {"drop", "close"};

/// What the rule looks for: a pattern of its own, or a preset.
void read_patterns(Table& rule, const toml::table& table, InputRule& made) {
  const auto pattern = rule.text("pattern");
  const auto preset = rule.text("preset");
  const auto validator = rule.text("validator");
  if (pattern.has_value() == preset.has_value()) return rule.fault("a rule wants either pattern or preset");
  if (pattern) {
    made.spec.patterns = {{*pattern}};
  } else if (const auto* known = steps::find_preset(*preset)) {
    const std::string id = std::exchange(made.spec.id, {});
    made.spec = known->rule();
    if (!id.empty()) made.spec.id = id;
  } else {
    return rule.fault(*table.get("preset"), fmt::format("there is no preset '{}'{}", *preset,
                                                        did_you_mean(*preset, steps::preset_names())));
  }
  if (!validator) return;
  const auto* named = steps::find_validator(*validator);
  if (named == nullptr)
    return rule.fault(*table.get("validator"), fmt::format("there is no validator '{}'", *validator));
  for (auto& each : made.spec.patterns) each.locator = named->locator;
}

void read_types(Table& rule, const toml::table& table, InputRule& made) {
  const auto types = rule.texts("types");
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
  read_patterns(rule, table, made);
  made.blocks = rule.word("action", kActions).value_or(0) == 0;
  if (const auto direction = rule.word("direction", kDirections))
    made.directions = {*direction != 1, *direction != 0};
  read_types(rule, table, made);
  rule.end();
  if (faults.size() != before) return;
  if (made.spec.id.empty()) return rule.fault("a rule wants an id");
  const auto compiled = steps::RuleList::compile(std::span(&made.spec, 1));
  if (!compiled) return rule.fault(compiled.error().text());
  safety.rules.push_back(std::move(made));
}

}  // namespace

steps::SafetyInput read_safety(const toml::table* found, Faults& faults) {
  steps::SafetyInput safety;
  if (found == nullptr) return safety;
  Table table(*found, faults);
  safety.blocks_unreadable = table.word("on_unreadable", kOnUnreadable).value_or(0) == 0;
  safety.closes = table.word("on_block", kOnBlock).value_or(0) == 1;
  for (const auto* each : table.tables("input")) read_input(*each, safety, faults);
  table.end();
  return safety;
}

}  // namespace wstap::rules

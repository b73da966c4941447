// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/patterns.h"

#include <fmt/format.h>

#include "libcore/base/nearest.h"
#include "libcore/steps/errors.h"
#include "libcore/steps/safety_presets.h"

namespace wstap::rules {

void read_patterns(Table& rule, const toml::table& table, steps::RuleSpec& made) {
  const auto pattern = rule.text("pattern");
  const auto preset = rule.text("preset");
  const auto validator = rule.text("validator");
  if (pattern.has_value() == preset.has_value()) return rule.fault("a rule wants either pattern or preset");
  if (pattern) {
    made.patterns = {{*pattern}};
  } else if (const auto* known = steps::find_preset(*preset)) {
    const std::string id = std::exchange(made.id, {});
    made = known->rule();
    if (!id.empty()) made.id = id;
  } else {
    return rule.fault(*table.get("preset"), fmt::format("there is no preset '{}'{}", *preset,
                                                        did_you_mean(*preset, steps::preset_names())));
  }
  if (!validator) return;
  const auto* named = steps::find_validator(*validator);
  if (named == nullptr)
    return rule.fault(*table.get("validator"), fmt::format("there is no validator '{}'", *validator));
  for (auto& each : made.patterns) each.locator = named->locator;
}

void check_rule(Table& rule, const toml::table& table, const steps::RuleSpec& made) {
  if (made.patterns.empty()) return;  // which is told already
  if (made.id.empty()) rule.fault("a rule wants an id");
  const auto* pattern = table.get("pattern");
  if (pattern != nullptr && made.patterns.front().pattern.empty())
    rule.fault(*pattern, "an empty pattern is found everywhere");
  const auto compiled = steps::RuleList::compile(std::span(&made, 1));
  if (compiled) return;
  const auto* at = compiled.error().code == steps::Errc::bad_pattern ? pattern : table.get("replacement");
  at != nullptr ? rule.fault(*at, compiled.error().text()) : rule.fault(compiled.error().text());
}

}  // namespace wstap::rules

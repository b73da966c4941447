// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/macro_rules.h"

#include "libcore/rules/extractions.h"
#include "libcore/rules/transform_rules.h"

namespace wstap::rules {

std::optional<steps::Macro> read_macro(const toml::table& table, Faults& faults) {
  const std::size_t before = faults.size();
  steps::Macro made;
  Table macro(table, faults);
  made.id = macro.text("id").value_or("");
  const auto rules = macro.tables("rule");
  macro.end();
  check_ids(rules, faults);
  if (made.id.find('/') != std::string::npos)
    macro.fault(*table.get("id"), "the name of a macro has no '/': one stands before those of its rules");
  made.variables = extracted_names(rules);
  for (const auto* each : rules)
    if (auto rule = read_transform(*each, &made.variables, faults)) made.rules.push_back(std::move(*rule));
  if (faults.size() != before) return std::nullopt;
  if (made.id.empty()) macro.fault("a macro wants an id");
  if (rules.empty()) macro.fault("a macro wants rules: [[macro.rule]]");
  return faults.size() == before ? std::optional(std::move(made)) : std::nullopt;
}

}  // namespace wstap::rules

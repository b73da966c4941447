// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/extractions.h"

#include <fmt/format.h>

#include <algorithm>

namespace wstap::rules {

std::vector<std::string> extracted_names(const std::vector<const toml::table*>& rules) {
  std::vector<std::string> names;
  for (const auto* rule : rules) {
    const auto* extract = rule->get_as<toml::table>("extract");
    if (extract == nullptr) continue;
    for (const auto& [name, where] : *extract)
      if (std::ranges::find(names, name.str()) == names.end()) names.emplace_back(name.str());
  }
  return names;
}

std::vector<steps::Extraction> read_extractions(Table& rule, const std::vector<std::string>& names,
                                                Faults& faults) {
  std::vector<steps::Extraction> all;
  const toml::node* found = rule.node("extract");
  if (found == nullptr) return all;
  const toml::table* table = found->as_table();
  if (table == nullptr) {
    rule.fault(*found, "'extract' is a table: { name = { json = \"/pointer\" } }");
    return all;
  }
  for (const auto& [name, value] : *table) {
    const auto* where = value.as_table();
    if (!steps::is_variable_name(name.str()))
      add_fault(faults, name.source(),
                fmt::format("'{}' is no name: letters, digits and '_', not first a digit", name.str()));
    if (where == nullptr) {
      rule.fault(value, fmt::format("'{}' is a table with json or pattern", name.str()));
      continue;
    }
    Table place(*where, faults);
    const auto pointer = place.text("json");
    const auto pattern = place.text("pattern");
    place.end();
    if (pointer.has_value() == pattern.has_value()) {
      place.fault(fmt::format("'{}' wants either json or pattern", name.str()));
      continue;
    }
    steps::Extraction extraction;
    extraction.variable = static_cast<std::size_t>(std::ranges::find(names, name.str()) - names.begin());
    if (pointer) {
      extraction.json = filter::parse_json_pointer(*pointer);
      if (!extraction.json)
        place.fault(*where->get("json"),
                    fmt::format("'{}' is no JSON pointer, which begins with '/'", *pointer));
    } else if (auto compiled = filter::Pattern::compile(*pattern, filter::PatternText::utf8)) {
      extraction.pattern = std::move(*compiled);
    } else {
      place.fault(*where->get("pattern"), compiled.error().text());
    }
    all.push_back(std::move(extraction));
  }
  return all;
}

}  // namespace wstap::rules

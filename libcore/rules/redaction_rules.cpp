// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/redaction_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/rules/patterns.h"
#include "libcore/rules/values.h"

namespace wstap::rules {
namespace {

using steps::OutputRule;

constexpr std::string_view kRedacted = "[redacted]";
constexpr std::array<std::string_view, 4> kPlaces = {"payload", "head", "url", "close_reason"};

/// Which of kPlaces.
std::array<bool, kPlaces.size()> read_places(Table& rule, const toml::table& table) {
  std::array<bool, kPlaces.size()> places{};
  const auto named = rule.texts("where");
  if (table.get("where") == nullptr) {
    // These are found nowhere else.
    const bool heads = table["preset"].value_exact<std::string>() == "auth-headers";
    places[heads ? 1 : 0] = true;
    return places;
  }
  for (const auto& place : named) {
    const auto found = std::ranges::find(kPlaces, place);
    if (found == kPlaces.end()) {
      rule.fault(*table.get("where"),
                 fmt::format("'{}' is not one of payload, head, url, close_reason", place));
    } else {
      places[static_cast<std::size_t>(found - kPlaces.begin())] = true;
    }
  }
  if (named.empty()) rule.fault(*table.get("where"), "'where' names no place");
  return places;
}

void read_redaction(const toml::table& table, std::vector<OutputRule>& made, Faults& faults) {
  const std::size_t before = faults.size();
  Table rule(table, faults);
  OutputRule output;
  output.spec.id = rule.text("id").value_or("");
  read_patterns(rule, table, output.spec);
  const auto replacement = rule.text("replacement");
  if (replacement) output.spec.replacement = *replacement;
  if (!replacement && output.spec.replacement.empty()) output.spec.replacement = kRedacted;
  const auto places = read_places(rule, table);
  const auto directions = read_directions(rule);
  const auto is_of = [&](std::size_t index, bool unless_said) {
    return directions ? (*directions)[index] : unless_said;
  };
  for (std::size_t i = 0; i < 2; ++i) {
    // Clients are told what they want to keep; who they are they say themselves, in heads.
    output.payloads[i] = places[0] && is_of(i, i == 1);
    output.heads[i] = places[1] && is_of(i, true);
  }
  output.urls = places[2];
  output.close_reasons = places[3];
  rule.end();
  check_rule(rule, table, output.spec);
  if (faults.size() == before) made.push_back(std::move(output));
}

}  // namespace

std::vector<OutputRule> read_redactions(Table& safety, Faults& faults) {
  std::vector<OutputRule> rules;
  const auto outputs = safety.tables("output");
  for (const auto* each : outputs) read_redaction(*each, rules, faults);
  check_ids(outputs, faults);
  return rules;
}

}  // namespace wstap::rules

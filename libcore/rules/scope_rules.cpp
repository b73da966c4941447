// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/scope_rules.h"

#include <fmt/format.h>

#include "libcore/rules/values.h"

namespace wstap::rules {

std::vector<pipeline::TargetPattern> read_targets(Table& table, std::string_view key, bool may_be_empty) {
  std::vector<pipeline::TargetPattern> patterns;
  const auto* list = table.node(key);
  if (list == nullptr) return patterns;
  if (list->as_array() == nullptr) {
    table.fault(*list, fmt::format("'{}' is a list of texts", key));
    return patterns;
  }
  if (list->as_array()->empty() && !may_be_empty)
    table.fault(*list, fmt::format("'{}' names no target", key));
  for (const auto& each : *list->as_array()) {
    const auto text = each.value_exact<std::string>();
    std::string why = "it is no text";
    auto pattern = text ? pipeline::TargetPattern::parse(*text, why) : std::nullopt;
    if (pattern) {
      patterns.push_back(std::move(*pattern));
    } else {
      table.fault(each, fmt::format("{}: {}", key, why));
    }
  }
  return patterns;
}

void read_scope(const toml::table& table, pipeline::Scope& scope, Faults& faults) {
  Table found(table, faults);
  scope.allow = read_targets(found, "allow", false);
  scope.deny = read_targets(found, "deny", true);
  scope.unread = found.flag("unread").value_or(scope.unread);
  found.end();
}

std::optional<filter::Filter> read_capture_scope(const toml::table& table, Faults& faults) {
  Table capture(table, faults);
  auto filter = read_filter(capture, "filter");
  capture.end();
  if (!filter || !filter->reads_any([](filter::Field field) { return !filter::is_of_flow(field); }))
    return filter;
  capture.fault(
      *table.get("filter"),
      "filter: whether a flow is recorded is decided when it opens, by url, host, path, subprotocol "
      "and flow alone");
  return std::nullopt;
}

}  // namespace wstap::rules

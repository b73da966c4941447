// SPDX-License-Identifier: Apache-2.0
#include "cmd/origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "cmd/config_file.h"

namespace wstap::cmd {
namespace {

const CLI::App& root_of(const CLI::App& app) {
  const CLI::App* at = &app;
  while (at->get_parent() != nullptr) at = at->get_parent();
  return *at;
}

void add_all(const CLI::App& app, std::vector<const CLI::App*>& all) {
  all.push_back(&app);
  for (const CLI::App* sub : app.get_subcommands({})) add_all(*sub, all);
}

/// All commands, those that were named first, from the inside out.
std::vector<const CLI::App*> by_relevance(const CLI::App& root) {
  std::vector<const CLI::App*> all;
  for (const CLI::App* at = &innermost(root); at != nullptr; at = at->get_parent()) all.push_back(at);
  add_all(root, all);
  return all;
}

bool is_typed(const Placed& placed) {
  return std::ranges::find(placed.app->parse_order(), placed.option) != placed.app->parse_order().end();
}

/// One of the option's values stands in the text.
bool is_quoted(const CLI::Option& option, std::string_view fault) {
  return std::ranges::any_of(option.results(), [fault](const std::string& value) {
    return fault.find(fmt::format("'{}'", value)) != std::string_view::npos;
  });
}

}  // namespace

const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

Placed option_at_fault(const CLI::App& app, std::string_view fault) {
  const std::string name(fault.substr(0, fault.find_first_of(": ")));
  Placed found;
  if (!name.starts_with('-')) return found;
  for (const CLI::App* at : by_relevance(root_of(app))) {
    const CLI::Option* option = at->get_option_no_throw(name);
    if (option == nullptr) continue;
    if (is_quoted(*option, fault)) return {at, option};
    // One without values is at fault only if nobody has any: a file may set it to an empty list.
    if (found.option == nullptr || (found.option->count() == 0 && option->count() != 0)) found = {at, option};
  }
  return found;
}

bool is_secret(const CLI::Option& option) {
  return option.get_type_name() == "SECRET" || option.check_lname("password");
}

std::string origin(const Placed& placed) {
  if (placed.option == nullptr || is_typed(placed)) return {};
  // CLI11 has forgotten the variable where it excludes another option.
  const auto& names = placed.option->get_lnames();
  const auto variable = names.empty() ? std::string() : environment_name(names.front());
  const char* value = std::getenv(variable.c_str());
  if (value != nullptr && *value != '\0') return variable + " in the environment";
  const auto files = std::dynamic_pointer_cast<ConfigFile>(root_of(*placed.app).get_config_formatter());
  return files ? files->place_of(*placed.option) : std::string();
}

std::string with_origin(const CLI::App& app, std::string fault) {
  const auto where = origin(option_at_fault(app, fault));
  return where.empty() ? fault : fmt::format("{}: {}", where, fault);
}

}  // namespace wstap::cmd

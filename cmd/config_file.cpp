// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace wstap::cmd {
namespace {

[[noreturn]] void refuse(const toml::source_region& where, std::string_view why) {
  throw ConfigFileError(fmt::format("line {}, column {}: {}", where.begin.line, where.begin.column, why));
}

/// A value as it would be written on a command line.
std::string word(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) return *text;
  if (const auto flag = value.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto number = value.value_exact<std::int64_t>()) return std::to_string(*number);
  refuse(value.source(), "a text, a whole number, true or false is expected here");
}

void read(const toml::table& table, const std::vector<std::string>& parents,
          std::vector<CLI::ConfigItem>& items) {
  for (const auto& [key, value] : table) {
    CLI::ConfigItem item{parents, std::string(key.str()), {}};
    if (const auto* inner = value.as_table()) {
      auto path = parents;
      path.push_back(item.name);
      read(*inner, path, items);
      continue;
    }
    if (const auto* list = value.as_array()) {
      for (const auto& element : *list) item.inputs.push_back(word(element));
    } else {
      item.inputs.push_back(word(value));
    }
    items.push_back(std::move(item));
  }
}

bool set_in_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr && *value != '\0';
}

/// The option that an entry means; null when there is none.
const CLI::Option* find_option(const CLI::App& app, const CLI::ConfigItem& item) {
  const CLI::App* at = &app;
  for (const auto& parent : item.parents) {
    const auto found = at->get_subcommands([&](const CLI::App* sub) { return sub->check_name(parent); });
    if (found.empty()) return nullptr;
    at = found.front();
  }
  return at->get_option_no_throw("--" + item.name);
}

}  // namespace

std::string environment_name(std::string_view option) {
  std::string name = "WSTAP_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool takes_back(const CLI::Option& option, std::string_view value) {
  const bool is_flag = option.get_expected_min() == 0;
  return is_flag && !option.get_excludes().empty() && value == "false";
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  std::vector<CLI::ConfigItem> found;
  try {
    read(toml::parse(input), {}, found);
  } catch (const toml::parse_error& error) {
    refuse(error.source(), error.description());
  }
  std::erase_if(found, [this](const auto& item) { return is_outranked(item); });
  std::erase_if(found, [this](const auto& item) { return is_taken_back(item); });
  return found;
}

/// A file that is read later cannot set what this one takes back.
bool ConfigFile::is_taken_back(const CLI::ConfigItem& item) const {
  const auto* option = find_option(app_, item);
  const bool is_off =
      option != nullptr && item.inputs.size() == 1 && takes_back(*option, item.inputs.front());
  if (is_off) off_.push_back(option);
  return is_off;
}

bool ConfigFile::is_outranked(const CLI::ConfigItem& item) const {
  if (set_in_environment(environment_name(item.name))) return true;
  const auto* option = find_option(app_, item);
  if (std::ranges::find(off_, option) != off_.end()) return true;
  return option != nullptr && std::ranges::any_of(option->get_excludes(), [](const CLI::Option* other) {
           return other->count() > 0 || set_in_environment(other->get_envname());
         });
}

}  // namespace wstap::cmd

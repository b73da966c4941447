// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

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

}  // namespace

std::string environment_name(std::string_view option) {
  std::string name = "WSTAP_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  std::vector<CLI::ConfigItem> found;
  try {
    read(toml::parse(input), {}, found);
  } catch (const toml::parse_error& error) {
    refuse(error.source(), error.description());
  }
  std::erase_if(found, [](const auto& item) {
    const char* set = std::getenv(environment_name(item.name).c_str());
    return set != nullptr && *set != '\0';
  });
  return found;
}

}  // namespace wstap::cmd

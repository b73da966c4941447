// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace wstap::cmd {
namespace {

/// What a file says about one option, and where.
struct Entry {
  CLI::ConfigItem item;
  std::uint32_t line = 0;
};

/// No file says so.
struct Unreadable {
  toml::source_position where;
  std::string why;
};

/// A value as it would be written on a command line.
std::string word(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) return *text;
  if (const auto flag = value.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto number = value.value_exact<std::int64_t>()) return std::to_string(*number);
  throw Unreadable{value.source().begin, "a text, a whole number, true or false is expected here"};
}

void read(const toml::table& table, const std::vector<std::string>& parents, std::vector<Entry>& entries) {
  for (const auto& [key, value] : table) {
    CLI::ConfigItem item{parents, std::string(key.str()), {}};
    if (const auto* inner = value.as_table()) {
      auto path = parents;
      path.push_back(item.name);
      read(*inner, path, entries);
      continue;
    }
    if (const auto* list = value.as_array()) {
      for (const auto& element : *list) item.inputs.push_back(word(element));
    } else {
      item.inputs.push_back(word(value));
    }
    entries.push_back({std::move(item), static_cast<std::uint32_t>(value.source().begin.line)});
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

/// CLI11 hands over streams without their names, in an order of its own: the last file first.
std::string ConfigFile::current_file() const {
  const auto& named = app_.get_config_ptr()->results();
  return files_ < named.size() ? named[named.size() - 1 - files_] : "configuration file";
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  const auto file = current_file();
  ++files_;
  std::vector<Entry> found;
  const auto refuse = [&file](const toml::source_position& where, std::string_view why) {
    throw ConfigFileError(fmt::format("{}:{}:{}: {}", file, where.line, where.column, why));
  };
  try {
    read(toml::parse(input), {}, found);
  } catch (const toml::parse_error& error) {
    refuse(error.source().begin, error.description());
  } catch (const Unreadable& value) {
    refuse(value.where, value.why);
  }
  std::erase_if(found, [this](const Entry& entry) { return is_outranked(entry.item); });
  std::erase_if(found, [this](const Entry& entry) { return is_taken_back(entry.item); });
  std::vector<CLI::ConfigItem> counting;
  for (auto& [item, line] : found) {
    // The file that is read first wins.
    const auto place = fmt::format("{}:{}", file, line);
    entries_.insert_or_assign(item.fullname(), place);
    if (const auto* option = find_option(app_, item)) options_.try_emplace(option, place);
    counting.push_back(std::move(item));
  }
  return counting;
}

std::string ConfigFile::place_of(const CLI::Option& option) const {
  const auto found = options_.find(&option);
  return found == options_.end() ? std::string() : found->second;
}

std::string ConfigFile::place_of(const std::string& entry) const {
  const auto found = entries_.find(entry);
  return found == entries_.end() ? std::string() : found->second;
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

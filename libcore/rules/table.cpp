// SPDX-License-Identifier: Apache-2.0
#include "libcore/rules/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libcore/base/nearest.h"
#include "libcore/base/printable.h"
#include "libcore/base/units.h"

namespace wstap::rules {

void add_fault(Faults& faults, const toml::source_region& where, std::string text) {
  faults.push_back({where.begin.line, where.begin.column, std::move(text)});
}

void Table::end() {
  for (const auto& [key, value] : table_) {
    const std::string_view name = key.str();
    if (std::ranges::find(asked_, name) != asked_.end()) continue;
    add_fault(faults_, key.source(), fmt::format("unknown key '{}'{}", name, did_you_mean(name, asked_)));
  }
}

const toml::node* Table::node(std::string_view key) {
  asked_.push_back(key);
  return table_.get(key);
}

template <class T>
std::optional<T> Table::value(std::string_view key, std::string_view what) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  auto value = found->value_exact<T>();
  if (!value) fault(*found, fmt::format("'{}' is {}", key, what));
  return value;
}

std::optional<std::string> Table::text(std::string_view key) {
  return value<std::string>(key, "a text");
}

std::optional<bool> Table::flag(std::string_view key) {
  return value<bool>(key, "true or false");
}

std::optional<std::int64_t> Table::whole(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto what = fmt::format("a number from {} to {}", least, most);
  auto number = value<std::int64_t>(key, what);
  if (number && (*number < least || *number > most)) {
    fault(*table_.get(key), fmt::format("'{}' is {}", key, what));
    number.reset();
  }
  return number;
}

std::optional<double> Table::rate(std::string_view key) {
  constexpr double kMost = 1e9;
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  const auto number = found->is_number() ? found->value<double>() : std::nullopt;
  if (number && *number > 0 && *number <= kMost) return number;
  fault(*found, fmt::format("'{}' is a number above 0, up to a thousand million", key));
  return std::nullopt;
}

std::optional<std::int64_t> Table::duration_ns(std::string_view key) {
  constexpr std::string_view kWhat = "a duration of up to a year, like '500ms' or '1.5s'";
  const auto given = value<std::string>(key, kWhat);
  const auto duration = given ? parse_duration(*given) : std::nullopt;
  if (given && !duration) fault(*table_.get(key), fmt::format("'{}' is {}", key, kWhat));
  if (!duration) return std::nullopt;
  return std::chrono::nanoseconds(*duration).count();
}

std::optional<std::uint64_t> Table::size(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  std::optional<std::uint64_t> size;
  if (const auto text = found->value_exact<std::string>()) size = parse_size(*text);
  if (const auto number = found->value_exact<std::int64_t>(); number && *number >= 0)
    size = static_cast<std::uint64_t>(*number);
  if (!size) fault(*found, fmt::format("'{}' is a number of bytes, like 65536 or 64K", key));
  return size;
}

std::optional<std::size_t> Table::word(std::string_view key, std::span<const std::string_view> words) {
  const auto given = text(key);
  if (!given) return std::nullopt;
  const auto found = std::ranges::find(words, *given);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const auto word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  fault(*table_.get(key), fmt::format("'{}' is not one of {}{}", *given, all, did_you_mean(*given, words)));
  return std::nullopt;
}

std::vector<std::string> Table::texts(std::string_view key) {
  std::vector<std::string> all;
  const toml::node* found = node(key);
  if (found == nullptr) return all;
  const toml::array* list = found->as_array();
  if (list == nullptr) fault(*found, fmt::format("'{}' is a list of texts", key));
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (auto text = (*list)[i].value_exact<std::string>()) {
      all.push_back(std::move(*text));
    } else {
      fault((*list)[i], fmt::format("'{}' is a list of texts", key));
    }
  }
  return all;
}

const toml::table* Table::table(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return nullptr;
  if (found->as_table() == nullptr) fault(*found, fmt::format("'{}' is a table", key));
  return found->as_table();
}

std::vector<const toml::table*> Table::tables(std::string_view key) {
  std::vector<const toml::table*> all;
  const toml::node* found = node(key);
  if (found == nullptr) return all;
  const auto add = [&](const toml::node& each) {
    if (each.as_table() != nullptr) return all.push_back(each.as_table());
    fault(each, fmt::format("'{}' is a table", key));
  };
  if (const toml::array* list = found->as_array()) {
    for (const auto& each : *list) add(each);
  } else {
    add(*found);
  }
  return all;
}

namespace {

/// Captures, logs and reviewers show ids as they are.
bool is_one_line(std::string_view id) noexcept {
  for (std::size_t i = 0; i < id.size(); ++i)
    if (acting_character(id.substr(i)).bytes != 0) return false;
  return true;
}

}  // namespace

void check_ids(const std::vector<const toml::table*>& rules, Faults& faults) {
  std::set<std::string> seen;
  for (const auto* rule : rules) {
    const auto id = rule->get_as<std::string>("id");
    if (id == nullptr) continue;
    if (!is_one_line(id->get()))
      add_fault(faults, id->source(),
                "an id has nothing in it that acts on a terminal, line breaks among it");
    if (id->get().find(',') != std::string::npos)
      add_fault(faults, id->source(), "an id has no comma: one stands between ids");
    if (!seen.insert(id->get()).second)
      add_fault(faults, id->source(), fmt::format("there is another rule '{}'", id->get()));
  }
}

}  // namespace wstap::rules

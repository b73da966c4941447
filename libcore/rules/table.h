// SPDX-License-Identifier: Apache-2.0
// A table of a rules file: values by type, each once; what is wrong, or not known, is a fault with its place.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <span>

#include "libcore/rules/rule_set.h"

namespace wstap::rules {

using Faults = std::vector<Fault>;

void add_fault(Faults& faults, const toml::source_region& where, std::string text);

class Table {
 public:
  /// @param table, faults  outlive it.
  Table(const toml::table& table, Faults& faults) : table_(table), faults_(faults) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const toml::node* node(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::int64_t> whole(std::string_view key, std::int64_t least, std::int64_t most);
  /// A number above 0, with or without a fraction.
  std::optional<double> rate(std::string_view key);
  /// A text such as "500ms" or "1.5s", parse_duration: nanoseconds.
  std::optional<std::int64_t> duration_ns(std::string_view key);
  /// A number of bytes, or a text such as "16M", parse_size.
  std::optional<std::uint64_t> size(std::string_view key);
  /// One of these words: its index.
  std::optional<std::size_t> word(std::string_view key, std::span<const std::string_view> words);
  /// A list of texts.
  std::vector<std::string> texts(std::string_view key);
  /// A table, and no list.
  const toml::table* table(std::string_view key);
  /// A table, or a list of tables.
  std::vector<const toml::table*> tables(std::string_view key);

  void fault(const toml::node& at, std::string text) { add_fault(faults_, at.source(), std::move(text)); }
  /// About the table itself.
  void fault(std::string text) { fault(table_, std::move(text)); }
  /// Keys that nobody asked for are unknown.
  void end();

 private:
  template <class T>
  std::optional<T> value(std::string_view key, std::string_view what);

  const toml::table& table_;
  Faults& faults_;
  std::vector<std::string_view> asked_;
};

/// Names that captures and logs give as causes must tell rules of a kind apart.
void check_ids(const std::vector<const toml::table*>& rules, Faults& faults);

}  // namespace wstap::rules

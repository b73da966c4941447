// SPDX-License-Identifier: Apache-2.0
// `-e`: fields as columns, separated by tabs.
#pragma once

#include <string>
#include <vector>

#include "libcore/filter/column.h"

namespace wstap::cmd {

class Columns {
 public:
  Columns() = default;
  explicit Columns(std::vector<filter::Column> columns) : columns_(std::move(columns)) {}
  bool empty() const noexcept { return columns_.empty(); }
  /// Some of them show what payloads say.
  bool look_at_payloads() const noexcept;
  /// A line.
  void print(std::string& out, const filter::Subject& subject) const;

 private:
  std::vector<filter::Column> columns_;
};

/// What `--list-fields` prints: each field with its type and its meaning.
std::string field_list();

}  // namespace wstap::cmd

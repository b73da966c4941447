// SPDX-License-Identifier: Apache-2.0
// A field as a column of a listing (INS-2 `-e`).
#pragma once

#include <string>
#include <string_view>

#include "libcore/filter/json_values.h"
#include "libcore/filter/subject.h"
#include "libcore/filter/syntax.h"

namespace wstap::filter {

class Column {
 public:
  /// @param text  "payload.length", "json(\"/id\")".
  /// @error syntax, unknown_name
  static Result<Column> parse(std::string_view text);

  Field field() const noexcept { return field_; }
  /// Appends the value as text, printable; nothing where the subject has none. Several are separated by ','.
  void print(std::string& out, const Subject& subject, const Vocabulary& vocabulary) const;

 private:
  Field field_ = Field::flow;
  std::vector<JsonPointer> pointer_;  ///< one, or none
};

/// "a,json("/b,c"),d", cut at its commas.
/// @error syntax, unknown_name; Error::offset is where in `list`.
Result<std::vector<Column>> parse_columns(std::string_view list);

}  // namespace wstap::filter

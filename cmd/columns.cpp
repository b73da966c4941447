// SPDX-License-Identifier: Apache-2.0
#include "cmd/columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/pipeline/frame_subject.h"

namespace wstap::cmd {

bool Columns::look_at_payloads() const noexcept {
  return std::ranges::any_of(
      columns_, [](const filter::Column& column) { return filter::wants_payload(column.field()); });
}

void Columns::print(std::string& out, const filter::Subject& subject) const {
  for (const auto& column : columns_) {
    if (&column != &columns_.front()) out += '\t';
    column.print(out, subject, pipeline::vocabulary());
  }
  out += '\n';
}

std::string field_list() {
  std::string out;
  for (const auto& field : filter::all_fields()) {
    const auto alias = field.alias.empty() ? std::string() : fmt::format(" [{}]", field.alias);
    out += fmt::format("{:<15} {:<11} {}{}\n", field.name, name(field.type), field.meaning, alias);
  }
  return out;
}

}  // namespace wstap::cmd

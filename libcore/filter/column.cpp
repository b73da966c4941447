// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/column.h"

#include <fmt/format.h>

#include <limits>

#include "libcore/base/printable.h"
#include "libcore/base/rfc3339.h"
#include "libcore/filter/compiler.h"
#include "libcore/filter/field_values.h"
#include "libcore/filter/parser.h"

namespace wstap::filter {
namespace {

/// A name by its number; the number where there is none.
void print_name(std::string& out, std::span<const std::string_view> names, std::int64_t number) {
  const auto index = static_cast<std::size_t>(number);
  out += index < names.size() ? std::string(names[index]) : std::to_string(number);
}

void print_number(std::string& out, Type type, std::int64_t number, const Vocabulary& vocabulary) {
  switch (type) {
    case Type::boolean: out += number != 0 ? "true" : "false"; break;
    case Type::time: out += rfc3339(number); break;
    case Type::direction: out += number != 0 ? "receive" : "send"; break;
    case Type::opcode: print_name(out, vocabulary.opcodes, number); break;
    case Type::verdict: print_name(out, vocabulary.verdicts, number); break;
    default: out += std::to_string(number); break;
  }
}

void print_text(std::string& out, Bytes text) {
  append_printable(out, text, std::numeric_limits<std::size_t>::max());
}

/// What separates it from those before it.
void comma(std::string& out, bool& first) {
  if (!first) out += ',';
  first = false;
}

void print_json(std::string& out, const Subject& subject, std::span<const JsonPointer> pointer) {
  if (!subject.payload) return;
  const auto values = find_json_values(*subject.payload, pointer);
  if (!values || values->front().kind == JsonValue::Kind::absent) return;
  const JsonValue& value = values->front();
  const Bytes written = subject.payload->subspan(value.begin, value.end - value.begin);
  print_text(out, value.kind == JsonValue::Kind::string ? as_bytes(value.text) : written);
}

}  // namespace

Result<Column> Column::parse(std::string_view text) {
  const auto use = parse_field(text);
  if (!use) return std::unexpected(use.error());
  Column column;
  column.field_ = use->field;
  if (use->field != Field::json) return column;
  if (const auto index = pointer_index(*use, column.pointer_); !index) return std::unexpected(index.error());
  return column;
}

void Column::print(std::string& out, const Subject& subject, const Vocabulary& vocabulary) const {
  bool first = true;
  switch (const Type type = info(field_).type) {
    case Type::text:
    case Type::bytes:
      if (const auto text = bytes_of(field_, subject)) print_text(out, *text);
      break;
    case Type::tags:
      for (const auto& tag : subject.tags) {
        comma(out, first);
        print_text(out, as_bytes(tag));
      }
      break;
    case Type::anomalies:
      for (std::size_t i = 0; i < vocabulary.anomalies.size(); ++i) {
        if ((subject.anomalies >> i & 1) == 0) continue;
        comma(out, first);
        out += vocabulary.anomalies[i];
      }
      break;
    case Type::json: print_json(out, subject, pointer_); break;
    default:
      if (const auto number = number_of(field_, subject)) print_number(out, type, *number, vocabulary);
      break;
  }
}

Result<std::vector<Column>> parse_columns(std::string_view list) {
  auto words = tokens(list);
  if (!words) return std::unexpected(std::move(words.error()));
  std::vector<Column> columns;
  std::size_t begin = 0;
  for (const Token& token : *words) {
    if (!token.is(",") && token.kind != Token::Kind::end) continue;
    auto column = Column::parse(list.substr(begin, token.at - begin));
    if (!column) {
      column.error().offset += begin;
      return std::unexpected(std::move(column.error()));
    }
    columns.push_back(std::move(*column));
    begin = token.end;
  }
  return columns;
}

}  // namespace wstap::filter

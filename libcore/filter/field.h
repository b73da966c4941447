// SPDX-License-Identifier: Apache-2.0
// The fields of the filter language (FIL-1): names, types, meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace wstap::filter {

enum class Field : std::uint8_t {
  flow,
  seq,
  time,
  dir,
  opcode,
  fin,
  rsv,
  masked,
  length,
  payload_length,
  payload,
  text,
  json,
  url,
  host,
  path,
  subprotocol,
  close_code,
  verdict,
  cause,
  tag,
  anomaly,
  compressed,
  held,
};

enum class Type : std::uint8_t {
  number,
  boolean,
  time,
  direction,
  opcode,
  verdict,
  text,  ///< UTF-8
  bytes,
  tags,       ///< any number of texts
  anomalies,  ///< any number of names
  json,       ///< whatever the document has there
};
std::string_view name(Type type) noexcept;

struct FieldInfo {
  Field field;
  std::string_view name;
  Type type;
  std::string_view alias;    ///< as Wireshark calls it; empty: it does not
  std::string_view meaning;  ///< one line for people
};
const FieldInfo& info(Field field) noexcept;
/// All of them, in the order of the enumeration.
std::span<const FieldInfo> all_fields() noexcept;
/// By name or alias.
std::optional<Field> find_field(std::string_view name) noexcept;

/// It is the same for all frames of a flow.
constexpr bool is_of_flow(Field field) noexcept {
  return field == Field::flow || field == Field::url || field == Field::host || field == Field::path ||
         field == Field::subprotocol;
}

/// Reading it wants the payload, inflated: a rule that names it acts on messages (FIL-2).
constexpr bool reads_payload(Field field) noexcept {
  return field == Field::payload || field == Field::payload_length || field == Field::text ||
         field == Field::json;
}

/// It is known only when the payload was looked at.
constexpr bool wants_payload(Field field) noexcept {
  return reads_payload(field) || field == Field::anomaly || field == Field::close_code;
}

/// It is known only of what has been recorded: rules judge before that.
constexpr bool is_of_recording(Field field) noexcept {
  return field == Field::verdict || field == Field::cause || field == Field::held;
}

}  // namespace wstap::filter

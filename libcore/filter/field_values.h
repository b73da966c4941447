// SPDX-License-Identifier: Apache-2.0
// The values of a subject's fields, by type. None: the subject has no such thing.
#pragma once

#include <optional>

#include "libcore/filter/field.h"
#include "libcore/filter/subject.h"

namespace wstap::filter {

/// Of numbers, booleans, times, directions, opcodes, verdicts.
inline std::optional<std::int64_t> number_of(Field field, const Subject& subject) noexcept {
  const auto some = [](auto value) { return std::optional(static_cast<std::int64_t>(value)); };
  switch (field) {
    case Field::flow: return some(subject.flow.id);
    case Field::seq: return some(subject.sequence);
    case Field::time: return some(subject.time_ns);
    case Field::dir: return some(subject.receive);
    case Field::opcode: return some(subject.opcode);
    case Field::fin: return some(subject.fin);
    case Field::rsv: return some(subject.rsv);
    case Field::masked: return some(subject.masked);
    case Field::length: return some(subject.length);
    case Field::payload_length: return subject.payload ? some(subject.payload_bytes) : std::nullopt;
    case Field::close_code: return subject.close_code ? some(*subject.close_code) : std::nullopt;
    case Field::verdict: return some(subject.verdict);
    case Field::compressed: return some(subject.compressed);
    case Field::held: return some(subject.held);
    default: return std::nullopt;
  }
}

/// Of texts and bytes.
inline std::optional<Bytes> bytes_of(Field field, const Subject& subject) noexcept {
  const auto unless_empty = [](std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(as_bytes(text));
  };
  switch (field) {
    case Field::payload: return subject.payload;
    case Field::text:
      if (subject.close_code) return as_bytes(subject.close_reason);
      return subject.text ? subject.payload : std::nullopt;
    case Field::url: return as_bytes(subject.flow.url);
    case Field::host: return as_bytes(subject.flow.host);
    case Field::path: return as_bytes(subject.flow.path);
    case Field::subprotocol: return unless_empty(subject.flow.subprotocol);
    case Field::cause: return unless_empty(subject.cause);
    default: return std::nullopt;
  }
}

}  // namespace wstap::filter

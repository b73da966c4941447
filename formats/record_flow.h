// SPDX-License-Identifier: Apache-2.0
// The flow that a record is of, and when it was written: what numbering and merging look at.
#pragma once

#include <optional>

#include "formats/record.h"

namespace wstap::formats {

/// The number in a record of a flow or connection; null in records of the whole capture.
inline pipeline::FlowId* flow_of(Record& record) noexcept {
  if (auto* burst = std::get_if<pipeline::Burst>(&record)) return &burst->flow;
  if (auto* opened = std::get_if<pipeline::FlowOpened>(&record)) return &opened->id;
  if (auto* closed = std::get_if<pipeline::FlowClosed>(&record)) return &closed->id;
  if (auto* outcome = std::get_if<pipeline::Outcome>(&record)) return &outcome->flow;
  if (auto* connection = std::get_if<pipeline::ConnectionRecord>(&record)) return &connection->id;
  if (auto* window = std::get_if<pipeline::Window>(&record)) return &window->flow;
  if (auto* gap = std::get_if<Gap>(&record)) return &gap->flow;
  auto* note = std::get_if<pipeline::Note>(&record);
  return note != nullptr && note->flow != 0 ? &note->flow : nullptr;
}

/// When a record came to be; none: it belongs to what follows it.
inline std::optional<UnixNs> time_of(const Record& record) noexcept {
  if (const auto* burst = std::get_if<pipeline::Burst>(&record)) return burst->time_ns;
  if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) return opened->time_ns;
  if (const auto* closed = std::get_if<pipeline::FlowClosed>(&record)) return closed->time_ns;
  if (const auto* outcome = std::get_if<pipeline::Outcome>(&record)) return outcome->time_ns;
  if (const auto* connection = std::get_if<pipeline::ConnectionRecord>(&record)) return connection->end_ns;
  if (const auto* note = std::get_if<pipeline::Note>(&record)) return note->time_ns;
  return std::nullopt;
}

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/message_tracker.h"

namespace wstap::ws {

AnomalySet MessageTracker::rsv_anomalies(const FrameHeader& header) const noexcept {
  AnomalySet found;
  if (header.rsv == 0 || negotiated_.unknown_extension) return found;
  if ((header.rsv & ~kRsv1) != 0) found.add(Anomaly::rsv_without_extension);
  if ((header.rsv & kRsv1) == 0) return found;
  if (!negotiated_.permessage_deflate || is_reserved(header.opcode)) {
    found.add(Anomaly::rsv_without_extension);
  } else if (is_control(header.opcode)) {
    found.add(Anomaly::rsv1_on_control);
  } else if (header.opcode == kContinuation) {
    found.add(Anomaly::rsv1_on_continuation);
  }
  return found;
}

AnomalySet MessageTracker::header_anomalies(const FrameHeader& header) const noexcept {
  AnomalySet found = rsv_anomalies(header);
  if (direction_ == Direction::send && !header.masked) found.add(Anomaly::unmasked_from_client);
  if (direction_ == Direction::receive && header.masked) found.add(Anomaly::masked_from_server);
  if (is_reserved(header.opcode)) found.add(Anomaly::reserved_opcode);
  if (header.header_len != minimal_header_len(header.payload_len, header.masked))
    found.add(Anomaly::non_minimal_length);
  if (is_control(header.opcode) && header.payload_len > 125) found.add(Anomaly::control_too_long);
  if (is_control(header.opcode) && !header.fin) found.add(Anomaly::fragmented_control);
  if (state_.closed) found.add(Anomaly::after_close);
  return found;
}

Placement MessageTracker::begin_message(const FrameHeader& header, std::uint64_t sequence) noexcept {
  Placement placed;
  if (state_.open) placed.anomalies.add(Anomaly::data_inside_message);
  placed.part = header.fin ? Part::whole : Part::first;
  placed.message_opcode = header.opcode;
  placed.compressed = negotiated_.permessage_deflate && (header.rsv & kRsv1) != 0;
  placed.message_first = sequence;
  placed.message_bytes = header.payload_len;
  // An open message is over then, unfinished: nobody could say which of the two goes on.
  const State begun{true, placed.compressed, state_.closed, header.opcode, sequence, header.payload_len};
  state_ = header.fin ? State{.closed = state_.closed} : begun;
  return placed;
}

Placement MessageTracker::continue_message(const FrameHeader& header) noexcept {
  Placement placed;
  if (!state_.open) {
    placed.anomalies.add(Anomaly::stray_continuation);
    return placed;
  }
  state_.bytes += header.payload_len;
  placed.part = header.fin ? Part::last : Part::middle;
  placed.message_opcode = state_.opcode;
  placed.compressed = state_.compressed;
  placed.message_first = state_.first;
  placed.message_bytes = state_.bytes;
  if (header.fin) state_ = {.closed = state_.closed};
  return placed;
}

Placement MessageTracker::observe_unusual(const FrameHeader& header, std::uint64_t sequence) noexcept {
  const AnomalySet seen = header_anomalies(header);
  Placement placed;
  if (is_message_start(header.opcode)) {
    placed = begin_message(header, sequence);
  } else if (header.opcode == kContinuation) {
    placed = continue_message(header);
  } else if (header.opcode == kClose) {
    state_.closed = true;
  }
  placed.anomalies.add(seen);
  placed.extended = negotiated_.unknown_extension;
  return placed;
}

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Which message a frame belongs to, and what its header does that the RFCs forbid (RFC 6455 5.1-5.5, RFC 7692
// 6). Reads headers only, so that a relay which records can use it without unmasking anything.
#pragma once

#include "libcore/ws/anomaly.h"
#include "libcore/ws/deflate_parameters.h"
#include "libcore/ws/direction.h"
#include "libcore/ws/frame_header.h"

namespace wstap::ws {

/// What was negotiated, as far as it changes the meaning of a header.
struct Negotiated {
  bool permessage_deflate = false;  ///< RSV1 marks compressed messages
  bool unknown_extension = false;   ///< RSV bits, and payloads, may mean anything
  DeflateAgreement deflate{};       ///< by index(Direction)

  /// The RSV bits of `header` that a relay passes on: RSV1 where permessage-deflate gives it a meaning.
  std::uint8_t rsv_towards_peer(const FrameHeader& header) const noexcept {
    return permessage_deflate && is_message_start(header.opcode) ? header.rsv & kRsv1 : 0;
  }
};

/// A frame's place in its message.
enum class Part : std::uint8_t {
  none,   ///< control frames, reserved opcodes, stray continuations
  whole,  ///< a message of one frame
  first,
  middle,
  last,
};
constexpr bool begins_message(Part part) noexcept {
  return part == Part::whole || part == Part::first;
}
constexpr bool ends_message(Part part) noexcept {
  return part == Part::whole || part == Part::last;
}
/// Others of its message are frames of their own.
constexpr bool is_fragment(Part part) noexcept {
  return part != Part::none && part != Part::whole;
}

struct Placement {
  Part part = Part::none;
  std::uint8_t message_opcode = 0;  ///< kText or kBinary; 0 when part is none
  bool compressed = false;          ///< the message has RSV1 set under permessage-deflate
  std::uint64_t message_first = 0;  ///< sequence number of the message's first frame
  std::uint64_t message_bytes = 0;  ///< payload bytes of the message so far, this frame's included
  AnomalySet anomalies;             ///< what the header alone shows
  bool extended = false;            ///< an unknown extension may give the payload another meaning

  bool in_message() const noexcept { return part != Part::none; }
  bool in_compressed() const noexcept { return compressed && in_message(); }
  bool operator==(const Placement&) const noexcept = default;
};

/// One direction of one flow. Copyable: a copy continues where the original stood.
class MessageTracker {
 public:
  /// The message that waits for its last frame, and whether a Close was seen.
  struct State {
    bool open = false;
    bool compressed = false;
    bool closed = false;
    std::uint8_t opcode = 0;
    std::uint64_t first = 0;
    std::uint64_t bytes = 0;
  };

  MessageTracker(Direction direction, Negotiated negotiated) noexcept
      : direction_(direction), negotiated_(negotiated) {}

  /// To be called for every frame of the direction, in order.
  Placement observe(const FrameHeader& header, std::uint64_t sequence) noexcept {
    const bool unremarkable = header.fin && header.rsv == 0 && is_message_start(header.opcode) &&
                              header.masked == (direction_ == Direction::send) && !state_.open &&
                              !state_.closed &&
                              header.header_len == minimal_header_len(header.payload_len, header.masked);
    if (unremarkable) [[likely]]
      return {
          Part::whole, header.opcode, false, sequence, header.payload_len, {}, negotiated_.unknown_extension};
    return observe_unusual(header, sequence);
  }

  const State& state() const noexcept { return state_; }
  void restore(const State& state) noexcept { state_ = state; }

 private:
  Placement observe_unusual(const FrameHeader& header, std::uint64_t sequence) noexcept;
  AnomalySet header_anomalies(const FrameHeader& header) const noexcept;
  AnomalySet rsv_anomalies(const FrameHeader& header) const noexcept;
  Placement begin_message(const FrameHeader& header, std::uint64_t sequence) noexcept;
  Placement continue_message(const FrameHeader& header) noexcept;

  Direction direction_;
  Negotiated negotiated_;
  State state_;
};

}  // namespace wstap::ws

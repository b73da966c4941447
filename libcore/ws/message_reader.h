// SPDX-License-Identifier: Apache-2.0
// What frames and messages say, compressed or not: the structured view of RFC 6455 5.4 and RFC 7692 6.2. Live
// and from recordings alike.
#pragma once

#include <optional>

#include "libcore/ws/deflate_parameters.h"
#include "libcore/ws/inflater.h"
#include "libcore/ws/payload_checker.h"

namespace wstap::ws {

/// How far the payload of a compressed message could be read.
enum class Inflation : std::uint8_t {
  none,        ///< not compressed, or not the last frame of its message
  done,        ///< the payload is the whole message, inflated
  limited,     ///< over a bound: the payload is as on the wire
  unreadable,  ///< corrupt, or behind something that was: the payload is as on the wire
};

/// One frame, read. Views are valid until the next call.
struct FrameReading {
  Bytes payload;  ///< a compressed message's last frame: all of the message, inflated; else the frame's own
  Inflation inflation = Inflation::none;
  AnomalySet anomalies;  ///< of the payload; of a compressed message on its last frame
  std::uint64_t compressed_bytes =
      0;  ///< on a compressed message's last frame: all its frames' payload bytes
};

/// One direction of one flow.
class MessageReader {
 public:
  MessageReader(DeflateParameters parameters, InflateLimits limits)
      : inflater_(parameters.context_takeover, limits) {}

  /// To be called for every frame of the direction, in order, with what MessageTracker said of it.
  /// @param payload  the whole payload, unmasked.
  FrameReading read(const FrameHeader& header, const Placement& placed, Bytes payload);
  /// A payload that is not there (not recorded, or not whole): its message is not read.
  void skip(const Placement& placed);

 private:
  FrameReading read_compressed(const Placement& placed, Bytes payload);

  PayloadChecker checker_;
  Inflater inflater_;
  Buffer message_;  ///< the compressed message that is open, inflated so far
  std::uint64_t compressed_bytes_ = 0;
};

}  // namespace wstap::ws

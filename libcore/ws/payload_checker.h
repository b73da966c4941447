// SPDX-License-Identifier: Apache-2.0
// What a payload does that RFC 6455 forbids: text that is not UTF-8 (8.1), Close bodies (5.5.1, 7.4).
#pragma once

#include "libcore/ws/message_tracker.h"
#include "libcore/ws/utf8.h"

namespace wstap::ws {

/// One direction of one flow; follows text messages over their fragments. Compressed messages are not looked
/// into.
class PayloadChecker {
 public:
  /// To be called for every frame of the direction, in order, with what MessageTracker said of it.
  /// @param payload  the whole payload, unmasked.
  AnomalySet check(const FrameHeader& header, const Placement& placed, Bytes payload) noexcept;

  /// A payload that cannot be looked into (not recorded): its message is not judged.
  void skip(const Placement& placed) noexcept;

 private:
  AnomalySet check_text(const Placement& placed, Bytes payload) noexcept;

  Utf8Validator text_;   ///< of the open fragmented message
  bool judged_ = false;  ///< the open message was followed from its start and has no fault reported yet
};

/// Anomalies of a Close payload alone.
AnomalySet check_close(Bytes payload) noexcept;

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Where frames were left out of a recording on purpose (INS-6).
#pragma once

#include "libcore/pipeline/flow_facts.h"
#include "libcore/ws/message_reader.h"

namespace wstap::formats {

/// Frames of a direction are missing before this. What the next of its frames belong to is said here, because
/// nothing else in the recording tells.
struct Gap {
  pipeline::FlowId flow = 0;
  ws::Direction direction = ws::Direction::send;
  ws::MessageTracker::State message;  ///< where the direction stands behind the gap
  /// What is to be said of compressed messages that refer to what is missing; none: what they refer to is
  /// there.
  ws::Inflation unread = ws::Inflation::none;
};

}  // namespace wstap::formats

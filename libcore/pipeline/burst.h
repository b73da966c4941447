// SPDX-License-Identifier: Apache-2.0
// The unit of recording: the whole frames of one read, in one direction of one flow.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcore/pipeline/flow_facts.h"
#include "libcore/pipeline/verdict.h"

namespace wstap::pipeline {

/// How a frame came to wait for somebody's decision (HOLD-1).
struct HoldFacts {
  std::string by;                  ///< ids of rules; empty: it was not held
  std::string decided_by;          ///< a reviewer's name, or see Settled; empty: nobody
  std::optional<std::int64_t> ns;  ///< how long it waited; none: it still does, or nobody knows
  bool operator==(const HoldFacts&) const = default;
};

/// What is to be said of one frame beyond its bytes. Most frames have none: they were forwarded.
struct Mark {
  std::uint32_t frame = 0;  ///< index within the burst
  Verdict verdict = Verdict::forwarded;
  std::string cause;           ///< rule id, plugin, reviewer, "reencode", "after_close", ...
  std::optional<Buffer> sent;  ///< what left instead of `raw`, when it differs by more than mask and length
  std::vector<std::string> tags;
  std::vector<std::string> logged;  ///< ids of rules that matched and only say so (SAFE-3)
  /// On the last frame of a message whose frames are not recorded as they were, or lack what inflating them
  /// takes: what the message says, or the beginning of that (LIM-3), redacted (SAFE-4).
  std::optional<Buffer> content;
  std::uint64_t content_bytes = 0;  ///< ... in all
  /// Of the payload, where what is recorded does not show them any more (LIM-3).
  ws::AnomalySet anomalies;
  bool withheld = false;              ///< its payload is not recorded: rules look into its message (SAFE-4)
  std::vector<std::string> redacted;  ///< ids of rules that replaced something in `content`
  HoldFacts held;                     ///< in a copy of a recording, where verdict and cause are the last ones
};

/// Frames `first_sequence`, +1, ... Views only; valid during the call they are passed to.
struct Burst {
  FlowId flow = 0;
  ws::Direction direction = ws::Direction::send;
  Sequence first_sequence = 0;
  UnixNs time_ns = 0;                   ///< when the bytes were read
  Bytes raw;                            ///< the frames end to end, as on the wire
  std::span<const std::uint32_t> ends;  ///< where in `raw` each frame ends; the last is raw.size()
  std::span<const Mark> marks;          ///< in ascending order of `frame`, one a frame at most
};

/// What became of a frame that was recorded as pending; or, where it is pending again, that it is held from
/// here on: a message that is judged as one is held with the frame that came last.
struct Outcome {
  FlowId flow = 0;
  Sequence sequence = 0;
  UnixNs time_ns = 0;
  Verdict verdict = Verdict::forwarded;
  std::string cause;
  std::optional<Buffer> sent;
  std::vector<std::string> tags, logged;  ///< see Mark: those that became known with it
  std::string decided_by;                 ///< of one that was held: a reviewer's name, or see Settled
};

}  // namespace wstap::pipeline

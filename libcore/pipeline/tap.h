// SPDX-License-Identifier: Apache-2.0
// Where a proxy's observations go: a capture, a terminal, nowhere. The last of the pipeline's steps, Record,
// writes here.
#pragma once

#include <functional>

#include "libcore/base/result.h"
#include "libcore/pipeline/burst.h"
#include "libcore/ws/message_reader.h"

namespace wstap::pipeline {

/// Called by all workers at once; implementations are thread-safe. Each call returns when what it was given
/// is in the kernel's hands (CAP-2), so a caller forwards bytes only after it.
/// @error of every member: what was given is not recorded. The caller stops its traffic (CAP-3); an
/// implementation
///        that was told to go on without recording answers with success.
class Tap {
 public:
  virtual ~Tap() = default;
  virtual Result<void> flow_opened(const FlowOpened& flow) = 0;
  virtual Result<void> burst(const Burst& burst) = 0;
  virtual Result<void> outcome(const Outcome& outcome) = 0;
  virtual Result<void> flow_closed(const FlowClosed& closed) = 0;
  virtual Result<void> connection(const ConnectionRecord& connection) = 0;
  virtual Result<void> note(const Note& note) = 0;

  /// The part of a recording in parts that the next record goes to; begins it, when it is due. Who inflates a
  /// flow says the flow's windows in each part that begins inside it, so that the part can be read alone
  /// (CAP-5).
  virtual std::uint32_t next_part() { return 1; }
  virtual Result<void> window(const Window&) { return {}; }

  /// What is remembered of open flows, to be told again in later parts, becomes what `change` makes of it.
  virtual void retell(const std::function<void(FlowOpened&)>& /*change*/) {}

  /// The readers of a flow's directions as they would stand if they had read all of it, for a proxy that
  /// wants payloads from now on (DEF-7). None: the recording does not have it all, or has too much to be read
  /// meanwhile.
  virtual std::optional<std::array<ws::MessageReader, 2>> recall(FlowId, const ws::InflateLimits&) {
    return std::nullopt;
  }
};

}  // namespace wstap::pipeline

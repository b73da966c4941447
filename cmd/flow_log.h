// SPDX-License-Identifier: Apache-2.0
// Says in the log what happens to flows; their frames are for others (CLI-6, LIM-4).
#pragma once

#include "libcore/base/log.h"
#include "libcore/pipeline/tap.h"

namespace wstap::cmd {

/// Thread-safe. Never fails.
class FlowLog final : public pipeline::Tap {
 public:
  /// @param level  of what is in order; a limit that was hit is a warning.
  FlowLog(Log& log, LogLevel level) : log_(log), level_(level) {}

  Result<void> flow_opened(const pipeline::FlowOpened& flow) override;
  Result<void> burst(const pipeline::Burst&) override { return {}; }
  Result<void> outcome(const pipeline::Outcome&) override { return {}; }
  Result<void> flow_closed(const pipeline::FlowClosed& closed) override;
  Result<void> connection(const pipeline::ConnectionRecord& connection) override;
  Result<void> note(const pipeline::Note& note) override;

 private:
  template <class Text>
  void line(bool limit, Text text);

  Log& log_;
  LogLevel level_;
};

}  // namespace wstap::cmd

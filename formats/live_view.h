// SPDX-License-Identifier: Apache-2.0
// Shows frames while they pass, as `inspect` would show them afterwards (CLI-6).
#pragma once

#include <functional>
#include <mutex>

#include "formats/flow_book.h"
#include "formats/json_view.h"
#include "formats/line_view.h"
#include "libcore/pipeline/tap.h"

namespace wstap::formats {

enum class LiveStyle : std::uint8_t { lines, json };

/// Thread-safe. Shows frames, and what became of those that waited; nothing else.
class LiveView final : public pipeline::Tap {
 public:
  /// Takes whole lines. @return false when nobody reads them any more.
  using Print = std::function<bool(std::string_view lines)>;

  /// @param book  says how compressed messages are read.
  LiveView(LiveStyle style, bool colour, Print print, FlowBook book = FlowBook());

  Result<void> flow_opened(const pipeline::FlowOpened& flow) override;
  Result<void> burst(const pipeline::Burst& burst) override;
  Result<void> outcome(const pipeline::Outcome& outcome) override;
  Result<void> flow_closed(const pipeline::FlowClosed& closed) override;
  Result<void> connection(const pipeline::ConnectionRecord&) override { return {}; }
  Result<void> note(const pipeline::Note&) override { return {}; }

 private:
  /// @error reader_gone
  Result<void> print();

  std::mutex lock_;
  LiveStyle style_;
  LineView lines_;
  JsonView json_;
  Print print_;
  FlowBook book_;
  std::string out_;
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Shows traffic while it passes, as `inspect` would show it afterwards (CLI-6).
#pragma once

#include <functional>
#include <mutex>

#include "formats/flow_book.h"
#include "formats/json_view.h"
#include "formats/line_view.h"
#include "libcore/pipeline/tap.h"

namespace wstap::formats {

enum class LiveStyle : std::uint8_t { lines, json };

/// Thread-safe. Passes everything on to another tap first, if there is one: what is shown is recorded.
class LiveView final : public pipeline::Tap {
 public:
  /// Takes whole lines. @return false when nobody reads them any more.
  using Print = std::function<bool(std::string_view lines)>;

  /// @param next  null, or a tap that outlives this.
  LiveView(LiveStyle style, bool colour, Print print, pipeline::Tap* next);

  Result<void> flow_opened(const pipeline::FlowOpened& flow) override;
  Result<void> burst(const pipeline::Burst& burst) override;
  Result<void> outcome(const pipeline::Outcome& outcome) override;
  Result<void> flow_closed(const pipeline::FlowClosed& closed) override;
  Result<void> connection(const pipeline::ConnectionRecord& connection) override;
  Result<void> note(const pipeline::Note& note) override;

 private:
  /// @error reader_gone
  Result<void> print();

  std::mutex lock_;
  LiveStyle style_;
  LineView lines_;
  JsonView json_;
  Print print_;
  pipeline::Tap* next_;
  FlowBook book_;
  std::unordered_map<pipeline::FlowId, pipeline::FlowOpened> flows_;
  std::string out_;
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Several taps as one: a capture and a terminal, say.
#pragma once

#include <vector>

#include "libcore/pipeline/tap.h"

namespace wstap::pipeline {

/// Tells each tap in turn; the first that fails ends it, and its error is the answer. None: nothing is kept.
class TapList final : public Tap {
 public:
  /// Before traffic begins. `tap` outlives the list.
  void add(Tap& tap) { taps_.push_back(&tap); }

  Result<void> flow_opened(const FlowOpened& flow) override { return tell(&Tap::flow_opened, flow); }
  Result<void> burst(const Burst& burst) override { return tell(&Tap::burst, burst); }
  Result<void> outcome(const Outcome& outcome) override { return tell(&Tap::outcome, outcome); }
  Result<void> flow_closed(const FlowClosed& closed) override { return tell(&Tap::flow_closed, closed); }
  Result<void> connection(const ConnectionRecord& record) override { return tell(&Tap::connection, record); }
  Result<void> note(const Note& note) override { return tell(&Tap::note, note); }
  Result<void> window(const Window& window) override { return tell(&Tap::window, window); }
  /// Of them all: changes when one of theirs does.
  std::uint32_t next_part() override {
    std::uint32_t sum = 0;
    for (Tap* tap : taps_) sum += tap->next_part();
    return sum;
  }
  void retell(const std::function<void(FlowOpened&)>& change) override {
    for (Tap* tap : taps_) tap->retell(change);
  }
  /// From the first that can.
  std::optional<std::array<ws::MessageReader, 2>> recall(FlowId flow,
                                                         const ws::InflateLimits& limits) override {
    for (Tap* tap : taps_)
      if (auto readers = tap->recall(flow, limits)) return readers;
    return std::nullopt;
  }

 private:
  template <class Record>
  Result<void> tell(Result<void> (Tap::*member)(const Record&), const Record& record) {
    for (Tap* tap : taps_)
      if (auto told = (tap->*member)(record); !told) return told;
    return {};
  }

  std::vector<Tap*> taps_;
};

}  // namespace wstap::pipeline

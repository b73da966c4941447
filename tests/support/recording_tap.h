// SPDX-License-Identifier: Apache-2.0
// A tap that keeps copies of all it is given, and fails when a test wants it to.
#pragma once

#include <functional>
#include <vector>

#include "libcore/pipeline/tap.h"

namespace wstap::test {

/// One frame as it was recorded: what a burst says of it.
struct RecordedFrame {
  pipeline::Sequence sequence = 0;
  ws::Direction direction = ws::Direction::send;
  UnixNs time_ns = 0;
  Buffer raw;
  pipeline::Verdict verdict = pipeline::Verdict::forwarded;
  std::string cause;
  std::optional<Buffer> sent;
  std::vector<std::string> tags, logged;
};

class RecordingTap final : public pipeline::Tap {
 public:
  std::vector<pipeline::FlowOpened> opened;
  std::vector<RecordedFrame> frames;  ///< of all flows, in the order in which they were recorded
  std::vector<pipeline::Outcome> outcomes;
  std::vector<pipeline::FlowClosed> closed;
  std::vector<pipeline::ConnectionRecord> connections;
  std::vector<pipeline::Note> notes;
  bool failing = false;                                  ///< nothing is recorded any more
  std::function<void(const pipeline::Burst&)> on_burst;  ///< called before a burst is recorded

  Result<void> flow_opened(const pipeline::FlowOpened& flow) override { return keep(opened, flow); }
  Result<void> outcome(const pipeline::Outcome& outcome) override { return keep(outcomes, outcome); }
  Result<void> flow_closed(const pipeline::FlowClosed& flow) override { return keep(closed, flow); }
  Result<void> connection(const pipeline::ConnectionRecord& record) override {
    return keep(connections, record);
  }
  Result<void> note(const pipeline::Note& note) override { return keep(notes, note); }

  Result<void> burst(const pipeline::Burst& burst) override {
    if (on_burst) on_burst(burst);
    if (failing) return no_space();
    auto mark = burst.marks.begin();
    std::uint32_t begin = 0;
    for (std::uint32_t i = 0; i < burst.ends.size(); ++i) {
      RecordedFrame frame{.sequence = burst.first_sequence + i,
                          .direction = burst.direction,
                          .time_ns = burst.time_ns,
                          .raw = to_buffer(burst.raw.subspan(begin, burst.ends[i] - begin))};
      begin = burst.ends[i];
      if (mark != burst.marks.end() && mark->frame == i) {
        frame.verdict = mark->verdict;
        frame.cause = mark->cause;
        frame.tags = mark->tags;
        frame.logged = mark->logged;
        frame.sent = mark->sent;
        ++mark;
      }
      frames.push_back(std::move(frame));
    }
    return {};
  }

  /// The frames of one direction.
  std::vector<RecordedFrame> frames_of(ws::Direction direction) const {
    std::vector<RecordedFrame> found;
    for (const auto& frame : frames)
      if (frame.direction == direction) found.push_back(frame);
    return found;
  }

  /// The bytes of one direction that came from its peer.
  Buffer received(ws::Direction direction) const {
    Buffer all;
    for (const auto& frame : frames_of(direction))
      if (!pipeline::made_here(frame.verdict)) append(all, frame.raw);
    return all;
  }

 private:
  static std::unexpected<Error> no_space() {
    return fail(std::make_error_code(std::errc::no_space_on_device));
  }
  template <class T>
  Result<void> keep(std::vector<T>& list, const T& entry) {
    if (failing) return no_space();
    list.push_back(entry);
    return {};
  }
};

}  // namespace wstap::test

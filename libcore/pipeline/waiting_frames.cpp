// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/waiting_frames.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libcore/ws/fragments.h"

namespace wstap::pipeline {

using ws::Frame;
using ws::FrameHeader;

void WaitingFrames::add(Turn& turn, const Frame& frame, std::string refused) {
  held_ += sizeof(Waiting) + frame.raw.size();
  Waiting& waiting = frames_.emplace_back(
      Waiting{turn.next_sequence(), frame.header, to_buffer(frame.raw), std::nullopt, std::move(refused)});
  if (turn.recorded) {
    // It is pending already, and stays so.
    turn.recorded.reset();
    waiting.tags = std::exchange(turn.tags, {});
    waiting.logged = std::exchange(turn.logged, {});
    return;
  }
  waiting.mark = turn.scratch.marks.size();
  turn.mark(Verdict::pending, {});
  turn.note(frame);
}

void WaitingFrames::say(std::vector<std::string> tags, std::vector<std::string> logged) {
  std::ranges::move(tags, std::back_inserter(frames_.back().tags));
  std::ranges::move(logged, std::back_inserter(frames_.back().logged));
}

void WaitingFrames::stay_pending() noexcept {
  for (auto& frame : frames_) frame.mark.reset();
}

void WaitingFrames::drop(Turn& turn, Verdict verdict, const std::string& cause) {
  for (auto& frame : take()) settle(turn, frame, verdict, cause, std::nullopt);
}

void WaitingFrames::replace(Turn& turn, Verdict verdict, Verdict last, const std::string& cause,
                            Buffer sent) {
  auto frames = take();
  Waiting replaced = std::move(frames.back());
  frames.pop_back();
  for (auto& frame : frames) settle(turn, frame, verdict, cause, std::nullopt);
  settle(turn, replaced, last, cause, std::move(sent));
}

void WaitingFrames::forward(Turn& turn, Egress& egress, std::string cause) {
  if (!cause.empty() && !frames_.empty()) frames_.back().refused = std::move(cause);
  for (auto& waiting : take()) {
    auto stripped = egress.forward(Frame{waiting.header, waiting.raw}, turn.scratch.out);
    const bool changed = stripped.has_value();
    settle(turn, waiting, changed ? Verdict::changed : Verdict::forwarded,
           changed ? "reencode" : waiting.refused, std::move(stripped));
  }
}

void WaitingFrames::send(Turn& turn, Egress& egress, const std::vector<Bytes>& pieces, std::uint8_t opcode,
                         Verdict verdict, const std::string& cause) {
  auto piece = pieces.begin();
  for (auto& frame : take()) {
    FrameHeader header = frame.header;
    if (opcode != 0 && header.opcode != ws::kContinuation) header.opcode = opcode;
    settle(turn, frame, verdict, cause, egress.send(header, *piece++, turn.scratch.out));
  }
}

std::vector<Bytes> WaitingFrames::in_frames(Bytes payload, const Frame* came) const {
  std::vector<std::uint64_t> lengths;
  lengths.reserve(frames_.size() + 1);
  for (const auto& frame : frames_) lengths.push_back(frame.header.payload_len);
  if (came != nullptr) lengths.push_back(came->header.payload_len);
  return ws::in_proportion(payload, lengths);
}

std::vector<WaitingFrames::Waiting> WaitingFrames::take() {
  held_ = 0;
  return std::exchange(frames_, {});
}

void WaitingFrames::settle(Turn& turn, Waiting& frame, Verdict verdict, const std::string& cause,
                           std::optional<Buffer> sent) {
  if (sent || verdict == Verdict::forwarded)
    turn.result.first_sequence = std::min(turn.result.first_sequence, frame.sequence);
  if (!frame.mark || turn.delays)
    return turn.settle({.sequence = frame.sequence,
                        .time_ns = turn.now,
                        .verdict = verdict,
                        .cause = cause,
                        .sent = std::move(sent),
                        .tags = std::move(frame.tags),
                        .logged = std::move(frame.logged)});
  Mark& mark = turn.scratch.marks[*frame.mark];
  mark.verdict = verdict;
  mark.cause = cause;
  mark.sent = std::move(sent);
  std::ranges::move(frame.tags, std::back_inserter(mark.tags));
  std::ranges::move(frame.logged, std::back_inserter(mark.logged));
}

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/injections.h"

#include <fmt/format.h>

#include "libcore/pipeline/refusal.h"

namespace wstap::pipeline {
namespace {

// Less than this is let pass, whatever waits.
constexpr std::size_t kWorthAsking = std::size_t{16} << 10;
// Bytes of frames that leave behind the open message: it may have any number of frames, each with something
// beside it.
constexpr std::size_t kMaxLater = std::size_t{64} << 20;

std::size_t bytes_of(const NewFrame& frame) noexcept {
  return sizeof frame + frame.payload.size();
}

}  // namespace

void Injections::put_before(Turn& turn, std::vector<NewFrame> frames) {
  put_all(turn, std::move(frames), data_waits());
}

void Injections::put_promised(Turn& turn, std::vector<NewFrame> frames) {
  const bool waits = data_waits();
  for (auto& frame : frames) {
    if (waits && !ws::is_control(frame.header.opcode)) {
      keep(std::move(frame));
    } else {
      put_what_waited(turn, std::move(frame));
    }
  }
}

void Injections::put_behind(Turn& turn, std::vector<NewFrame> frames, bool message_waits) {
  const bool waits = data_waits() || (message_waits && !outlet_.closed());
  if (!waits) {
    later_bytes_ = 0;
    for (auto& frame : std::exchange(later_, {})) put_what_waited(turn, std::move(frame));
  }
  put_all(turn, std::move(frames), waits);
}

void Injections::put_all(Turn& turn, std::vector<NewFrame> frames, bool data_waits) {
  const bool fits = has_room(turn, frames);
  for (auto& frame : frames) {
    if (!fits) {
      give_up({frame, "too much waits in buffers"});
    } else if (!data_waits || ws::is_control(frame.header.opcode)) {
      put(turn, frame);
    } else if (later_bytes_ + bytes_of(frame) > kMaxLater) {
      give_up({frame, "too much waits for the end of the message"});
    } else {
      keep(std::move(frame));
    }
  }
}

void Injections::keep(NewFrame frame) {
  later_bytes_ += bytes_of(frame);
  later_.push_back(std::move(frame));
}

/// SAFE-6: rules may have come since it was judged.
void Injections::put_what_waited(Turn& turn, NewFrame frame) {
  if (frame.verdict == Verdict::injected)
    if (const auto refused = refuse_beside(plan_, frame, {.direction = direction_})) return give_up(*refused);
  put(turn, frame);
}

void Injections::put(Turn& turn, NewFrame& frame) {
  if (frame.payload.size() > max_frame_bytes_) return give_up({frame, kTooBig});
  if (!outlet_.put(turn, frame)) give_up({frame, "a Close has left"});
}

/// LIM-4: rules make no more than may wait, if nobody reads it.
bool Injections::has_room(const Turn& turn, const std::vector<NewFrame>& frames) const noexcept {
  if (gauge_ == nullptr || frames.empty()) return true;
  std::size_t bytes = turn.scratch.out.size();
  for (const auto& frame : frames) bytes += frame.payload.size();
  return bytes < kWorthAsking || gauge_->has_room(bytes);
}

void Injections::abandon() {
  later_bytes_ = 0;
  for (const auto& frame : std::exchange(later_, {})) give_up({frame, "the message before it did not end"});
}

void Injections::give_up(const OwnFrame& frame) {
  ws::FrameHeader header;
  decode_header(frame.raw, header);
  give_up({header.opcode, header.payload_len, frame.cause, "the flow ended before it left"});
}

void Injections::give_up(const NotInjected& frame) {
  if (!given_up_.empty() && given_up_.back().is_like(frame)) {
    given_up_.back().count += frame.count;
  } else {
    given_up_.push_back(frame);
  }
}

void Injections::give_up(const std::vector<NotInjected>& frames) {
  for (const auto& frame : frames) give_up(frame);
}

std::vector<std::string> Injections::take_given_up() {
  std::vector<std::string> all;
  for (const auto& frame : std::exchange(given_up_, {}))
    all.push_back(fmt::format("{}{} of {} bytes ({}): {}",
                              frame.count == 1 ? "" : fmt::format("{} times ", frame.count),
                              ws::opcode_name(frame.opcode), frame.payload_len, frame.cause, frame.why));
  return all;
}

}  // namespace wstap::pipeline

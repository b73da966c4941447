// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wstap::pipeline {

using ws::Frame;
using ws::FrameHeader;
using ws::FrameReading;
using ws::InflateState;

namespace {

// Frames of one message. Each takes memory of its own, also if it is empty and the message gets no larger.
constexpr std::size_t kMaxWaiting = std::size_t{64} * 1024;

constexpr const char* kTooBig = "frame_too_big";
LaneFault too_big(std::string_view what) {
  return {kTooBig, std::string(what), 0, ws::kTooBig};
}

LaneFault unreadable(const FrameReading& reading) {
  if (reading.corrupt) return {"invalid_deflate", "behind an altered message", 0, ws::kInvalidData};
  return {"inflate_limited", "behind an altered message", 0, ws::kTooBig};
}

}  // namespace

Editor::Editor(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim, bool inflates,
               const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
               Entropy& entropy)
    : plan_(plan),
      options_(options),
      unknown_extension_(negotiated.unknown_extension),
      inflates_(inflates),
      egress_(direction, negotiated, verbatim, entropy, message),
      recompressor_(negotiated.deflate[ws::index(direction)]),
      course_(message.open && message.compressed ? Course::untouched : Course::frame_by_frame) {}

std::optional<LaneFault> Editor::take(Turn& turn, Envelope& envelope, const FrameReading& reading,
                                      Bytes inflated) {
  const ws::Part part = envelope.placement.part;
  const bool compressed = inflates_ && envelope.placement.compressed && part != ws::Part::none;
  if (ws::begins_message(part))
    course_ = compressed && plan_.may_alter ? Course::when_whole
              : compressed                  ? Course::untouched
                                            : Course::frame_by_frame;
  if (part != ws::Part::none && course_ == Course::dropped) {
    drop_message(turn, envelope.frame, dropping_.verdict, dropping_.cause);
    return std::nullopt;
  }
  const bool opaque = compressed && reading.state == InflateState::lost;
  const Frame frame = envelope.frame;
  Decision decision = plan_.judge(envelope, plan_.reads_payload && !opaque ? reading.payload : Bytes());
  if (const char* why = refusal(envelope, reading, decision.kind)) {
    decision.kind = Decision::Kind::go_on;
    decision.cause = fmt::format("edit_refused:{}", why);
  }
  envelope.frame = frame;
  inject(turn, std::move(decision.before), false);
  auto after = std::exchange(decision.after, {});
  auto fault = compressed ? take_compressed(turn, envelope, reading, inflated, std::move(decision))
                          : take_plain(turn, envelope, std::move(decision));
  inject(turn, std::move(after), true);
  return fault;
}

/// Why a frame may not be edited as a step wants it to be; null: it may.
const char* Editor::refusal(const Envelope& envelope, const FrameReading& reading,
                            Decision::Kind kind) const noexcept {
  const ws::Placement& placed = envelope.placement;
  if (kind == Decision::Kind::go_on) return nullptr;
  if (unknown_extension_ && !options_.force_edit && !ws::is_control(envelope.frame.header.opcode))
    return "unknown_extension";
  if (!inflates_ || !placed.compressed || placed.part == ws::Part::none) return nullptr;
  if (reading.state == InflateState::lost) return "opaque";
  if (course_ != Course::when_whole) return "message_limited";
  if (kind == Decision::Kind::replace && !ws::ends_message(placed.part)) return "fragment_of_compressed";
  return nullptr;
}

std::optional<LaneFault> Editor::take_plain(Turn& turn, const Envelope& envelope, Decision decision) {
  switch (decision.kind) {
    case Decision::Kind::go_on: forward(turn, envelope.frame, std::move(decision.cause)); break;
    case Decision::Kind::replace:
      if (decision.payload.size() > options_.max_frame_bytes) {
        auto fault = too_big(decision.cause);
        drop(turn, envelope.frame, Verdict::dropped, fault.reason);
        return fault;
      }
      send(turn, envelope.frame, decision.header, decision.payload, decision.verdict,
           std::move(decision.cause));
      break;
    case Decision::Kind::drop: return drop_plain(turn, envelope, std::move(decision));
  }
  return std::nullopt;
}

/// PIPE-5: what has not left does not leave; what has, ends here.
std::optional<LaneFault> Editor::drop_plain(Turn& turn, const Envelope& envelope, Decision decision) {
  const ws::Part part = envelope.placement.part;
  const bool in_message = part != ws::Part::none && part != ws::Part::whole;
  std::optional<LaneFault> fault;
  if (in_message && egress_.message_open()) {
    if (options_.drop_open == DropOpen::close) {
      fault = LaneFault{"drop_open", decision.cause, 0, ws::kPolicyViolation, ws::kPolicyViolation};
      drop(turn, envelope.frame, decision.verdict, decision.cause);
    } else {
      send(turn, envelope.frame, {.fin = true, .opcode = ws::kContinuation}, {}, Verdict::truncated,
           decision.cause);
    }
  } else {
    drop(turn, envelope.frame, decision.verdict, decision.cause);
  }
  if (in_message) {
    course_ = Course::dropped;
    dropping_ = std::move(decision);
  }
  return fault;
}

std::optional<LaneFault> Editor::take_compressed(Turn& turn, const Envelope& envelope,
                                                 const FrameReading& reading, Bytes inflated,
                                                 Decision decision) {
  const ws::Placement& placed = envelope.placement;
  const bool last = ws::ends_message(placed.part);
  if (decision.kind == Decision::Kind::drop) {
    drop_message(turn, envelope.frame, decision.verdict, decision.cause);
    recompressor_.altered();
    course_ = Course::dropped;
    dropping_ = std::move(decision);
    return std::nullopt;
  }
  if (decision.kind == Decision::Kind::replace) {
    recompressor_.drop_streamed();
    recompressor_.altered();
    const bool new_opcode = decision.header.opcode != envelope.frame.header.opcode;
    return write_message(turn, envelope.frame, decision.payload,
                         new_opcode ? decision.header.opcode : placed.message_opcode, decision.verdict,
                         decision.cause);
  }
  const bool too_large = reading.state != InflateState::ok || waiting_.size() >= kMaxWaiting ||
                         placed.message_bytes > options_.max_message_bytes;
  if (course_ != Course::when_whole || too_large)
    return take_as_it_comes(turn, envelope, reading, inflated, std::move(decision.cause));
  if (!last) {
    waiting_.add(turn, envelope.frame, std::move(decision.cause));
  } else if (recompressor_.active()) {
    return write_message(turn, envelope.frame, reading.payload, placed.message_opcode, Verdict::changed,
                         "recompressed");
  } else {
    waiting_.forward(turn, egress_);
    forward(turn, envelope.frame, std::move(decision.cause));
  }
  return std::nullopt;
}

/// A message that cannot be kept until it is whole: untouched where nothing before it was altered, else
/// written anew as it comes (DEF-5).
std::optional<LaneFault> Editor::take_as_it_comes(Turn& turn, const Envelope& envelope,
                                                  const FrameReading& reading, Bytes inflated,
                                                  std::string cause) {
  if (!recompressor_.active()) {
    course_ = Course::untouched;
    waiting_.forward(turn, egress_);
    forward(turn, envelope.frame, std::move(cause));
    return std::nullopt;
  }
  std::optional<LaneFault> fault;
  Buffer payload;
  std::vector<Bytes> pieces;
  if (reading.state == InflateState::lost) {
    fault = unreadable(reading);
  } else {
    recompressor_.stream(inflated, {}, room());
    payload = recompressor_.take_streamed(ws::ends_message(envelope.placement.part));
    pieces = waiting_.in_frames(payload, &envelope.frame);
    if (recompressor_.overflowed() || !fit(pieces)) fault = too_big("recompressed");
  }
  if (fault) {
    drop_message(turn, envelope.frame, Verdict::dropped, fault->reason);
    return fault;
  }
  course_ = Course::streamed;
  waiting_.send(turn, egress_, pieces, 0, Verdict::changed, "recompressed");
  send(turn, envelope.frame, envelope.frame.header, pieces.back(), Verdict::changed, "recompressed");
  return std::nullopt;
}

bool Editor::fit(const std::vector<Bytes>& pieces) const noexcept {
  return std::ranges::all_of(pieces, [&](Bytes piece) { return piece.size() <= options_.max_frame_bytes; });
}

/// One frame of a message that does not leave, and with it those that waited.
void Editor::drop_message(Turn& turn, const Frame& frame, Verdict verdict, const std::string& cause) {
  waiting_.drop(turn, verdict, cause);
  recompressor_.drop_streamed();
  drop(turn, frame, verdict, cause);
}

void Editor::drop(Turn& turn, const Frame& frame, Verdict verdict, const std::string& cause) {
  turn.mark(verdict, cause);
  turn.note(frame);
}

/// A compressed message leaves with other bytes, in as many frames as it came in (DEF-6).
std::optional<LaneFault> Editor::write_message(Turn& turn, const Frame& last, Bytes content,
                                               std::uint8_t opcode, Verdict verdict,
                                               const std::string& cause) {
  const Buffer compressed = recompressor_.message(content);
  const auto pieces = waiting_.in_frames(compressed, &last);
  if (!fit(pieces)) {
    auto fault = too_big(cause);
    drop_message(turn, last, Verdict::dropped, fault.reason);
    return fault;
  }
  FrameHeader header{.fin = true, .opcode = ws::kContinuation};
  if (waiting_.empty()) header = {.fin = true, .rsv = ws::kRsv1, .opcode = opcode};
  waiting_.send(turn, egress_, pieces, opcode, verdict, cause);
  send(turn, last, header, pieces.back(), verdict, cause);
  return std::nullopt;
}

void Editor::forward(Turn& turn, const Frame& frame, std::string cause) {
  auto stripped = egress_.forward(frame, turn.scratch.out);
  if (stripped) {
    turn.mark(Verdict::changed, "reencode").sent = std::move(stripped);
  } else if (!cause.empty()) {
    turn.mark(Verdict::forwarded, std::move(cause));
  }
  turn.note(frame);
}

void Editor::send(Turn& turn, const Frame& in_place_of, const FrameHeader& header, Bytes payload,
                  Verdict verdict, std::string cause) {
  turn.mark(verdict, std::move(cause)).sent = egress_.send(header, payload, turn.scratch.out);
  turn.note(in_place_of);
}

void Editor::release(Turn& turn, Bytes inflated) {
  if (recompressor_.active() && waits()) {
    recompressor_.stream(inflated, {}, room());
    const Buffer payload = recompressor_.take_streamed(false);
    const auto pieces = waiting_.in_frames(payload, nullptr);
    if (recompressor_.overflowed() || !fit(pieces)) {
      discard(turn, kTooBig);
      recompressor_.drop_streamed();
    } else {
      waiting_.send(turn, egress_, pieces, 0, Verdict::changed, "recompressed");
    }
  } else {
    waiting_.forward(turn, egress_);
  }
  recompressor_.leave_unfinished();
}

void Editor::discard(Turn& turn, const std::string& cause) {
  waiting_.drop(turn, Verdict::dropped, cause);
}

void Editor::end_turn(Turn& turn) {
  waiting_.end_turn();
  std::erase_if(turn.scratch.marks, [](const Mark& mark) {
    return mark.verdict == Verdict::forwarded && mark.cause.empty() && mark.tags.empty();
  });
}

/// @param behind_message  what is data leaves behind the message that is under way, not before it.
void Editor::inject(Turn& turn, std::vector<NewFrame> frames, bool behind_message) {
  const bool data_waits = !egress_.closed() && (egress_.message_open() || (behind_message && waits()));
  if (behind_message && !data_waits)
    for (auto& frame : std::exchange(later_, {})) put(turn, frame);
  for (auto& frame : frames) {
    if (data_waits && !ws::is_control(frame.header.opcode)) {
      later_.push_back(std::move(frame));
    } else {
      put(turn, frame);
    }
  }
}

void Editor::put(Turn& turn, NewFrame& frame) {
  if (egress_.closed()) return give_up_injection(frame, "a Close has left");
  frame.header.rsv = 0;
  const Buffer sent = egress_.send(frame.header, frame.payload, turn.scratch.out);
  turn.note_own(sent, Verdict::injected, std::move(frame.cause));
}

void Editor::abandon_injections() {
  for (const auto& frame : std::exchange(later_, {}))
    give_up_injection(frame, "the message before it did not end");
}

void Editor::give_up_injection(const NewFrame& frame, std::string_view why) {
  not_injected_.push_back(fmt::format("{} of {} bytes ({}): {}", ws::opcode_name(frame.header.opcode),
                                      frame.payload.size(), frame.cause, why));
}

}  // namespace wstap::pipeline

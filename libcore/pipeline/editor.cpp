// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/editor.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/pipeline/refusal.h"

namespace wstap::pipeline {

using ws::Frame;
using ws::FrameReading;
using ws::InflateState;

namespace {

// Frames of one message. Each takes memory of its own, also if it is empty and the message gets no larger.
constexpr std::size_t kMaxWaiting = std::size_t{64} * 1024;

LaneFault unreadable(const FrameReading& reading) {
  if (reading.corrupt) return {"invalid_deflate", "behind an altered message", 0, ws::kInvalidData};
  return {"inflate_limited", "behind an altered message", 0, ws::kTooBig};
}

/// Of a message of which a step replaced this frame.
ws::FrameHeader header_of(const Envelope& envelope, const Decision& decision) noexcept {
  return {
      .fin = decision.header.fin, .rsv = decision.header.rsv, .opcode = decision.opcode_of_message(envelope)};
}

/// A message ends in the middle, and the flow with it.
LaneFault drop_open(const std::string& cause) {
  return {"drop_open", cause, 0, ws::kPolicyViolation, ws::kPolicyViolation};
}

/// What a step blocks may end the flow as well.
std::optional<LaneFault> end_of_flow(const Decision& decision) {
  if (!decision.ends_flow || decision.kind != Decision::Kind::drop) return std::nullopt;
  return LaneFault{"blocked", decision.cause, 0, ws::kPolicyViolation};
}

}  // namespace

Editor::Editor(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim, bool inflates,
               const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
               Entropy& entropy, const BufferGauge* gauge)
    : plan_(plan),
      options_(options),
      unknown_extension_(negotiated.unknown_extension),
      inflates_(inflates),
      direction_(direction),
      outlet_(direction, negotiated, verbatim, options.max_frame_bytes, message, entropy),
      injections_(outlet_, options.max_frame_bytes, gauge),
      course_(message.open && message.compressed ? Course::untouched : Course::frame_by_frame) {}

void Editor::follow(bool message_open) noexcept {
  if (!message_open || !plan_.needs.whole_messages[ws::index(direction_)]) return;
  content_.begin_in_the_middle(course_ != Course::when_whole && plan_.needs.alters);
}

bool Editor::is_compressed(const Envelope& envelope) const noexcept {
  return inflates_ && envelope.placement.in_compressed();
}

void Editor::begin_message(const Envelope& first, bool compressed) {
  content_.begin_message(plan_.needs.judges_whole(direction_, compressed), first);
  course_ = plan_.needs.keeps(direction_, compressed) ? Course::when_whole
            : compressed                              ? Course::untouched
                                                      : Course::frame_by_frame;
}

std::optional<LaneFault> Editor::take(Turn& turn, Envelope& envelope, const FrameReading& reading,
                                      Bytes inflated) {
  const ws::Part part = envelope.placement.part;
  const bool compressed = is_compressed(envelope);
  if (ws::begins_message(part)) begin_message(envelope, compressed);
  if (envelope.placement.in_message() && course_ == Course::dropped) {
    outlet_.drop_message(turn, envelope.frame, dropping_.verdict, dropping_.cause);
    return std::nullopt;
  }
  const Frame frame = envelope.frame;
  envelope.extended = unknown_extension_ && !options_.force_edit;
  const Bytes content = content_.take(envelope, reading, inflated, compressed, must_leave(envelope, reading));
  Decision decision = plan_.judge(envelope, plan_.needs.payloads ? content : Bytes());
  envelope.frame = frame;
  refuse_impossible(
      envelope, {compressed, course_ == Course::when_whole, reading.state == InflateState::lost}, decision);
  const std::size_t left_before = turn.scratch.out.size();
  turn.delays = decision.delay_ns != 0 && decision.kind != Decision::Kind::drop;
  const std::int64_t delay_ns = decision.delay_ns;
  injections_.put_before(turn, std::move(decision.before));
  turn.tags = std::exchange(decision.tags, {});
  turn.logged = std::exchange(decision.logged, {});
  auto after = std::exchange(decision.after, {});
  injections_.give_up(decision.refused);
  auto end = end_of_flow(decision);
  if (ws::is_fragment(part) && !ws::ends_message(part)) {
    last_ = envelope;
    last_.frame.raw = last_.judged_before = {};
  }
  const bool kept = course_ == Course::when_whole && ws::is_fragment(part);
  auto fault = compressed ? take_compressed(turn, envelope, reading, inflated, std::move(decision))
               : kept     ? take_waiting(turn, envelope, std::move(decision))
                          : take_plain(turn, envelope, std::move(decision));
  injections_.put_behind(turn, std::move(after), waits());
  if (turn.delays) delay(turn, left_before, fault ? 0 : delay_ns);
  if (envelope.says != Says::frame) content_.let_go();
  return fault ? fault : end;
}

/// What leaves from `from` on leaves later, if anything does.
void Editor::delay(Turn& turn, std::size_t from, std::int64_t delay_ns) {
  turn.delays = false;
  if (delay_ns == 0 || turn.scratch.out.size() == from) return turn.delay_nothing();
  turn.result.delay_ns = delay_ns;
  turn.result.delayed_from = from;
}

/// The message cannot be kept until it is whole, or would never be read as a whole.
bool Editor::must_leave(const Envelope& envelope, const FrameReading& reading) const noexcept {
  return reading.state != InflateState::ok || outlet_.waiting().size() >= kMaxWaiting ||
         envelope.placement.message_bytes > options_.max_message_bytes;
}

std::optional<LaneFault> Editor::take_plain(Turn& turn, const Envelope& envelope, Decision decision) {
  const Frame& frame = envelope.frame;
  switch (decision.kind) {
    case Decision::Kind::go_on: outlet_.forward(turn, frame, std::move(decision.cause)); break;
    case Decision::Kind::replace:
      if (decision.payload.size() > options_.max_frame_bytes) {
        outlet_.drop(turn, frame, Verdict::dropped, kTooBig);
        return LaneFault{kTooBig, decision.cause, 0, ws::kTooBig};
      }
      outlet_.send(turn, frame, decision.header, decision.payload, decision.verdict,
                   std::move(decision.cause));
      break;
    case Decision::Kind::drop: return drop_plain(turn, envelope, std::move(decision));
  }
  return std::nullopt;
}

/// PIPE-5: what has not left does not leave; what has, ends here.
std::optional<LaneFault> Editor::drop_plain(Turn& turn, const Envelope& envelope, Decision decision) {
  const bool fragment = ws::is_fragment(envelope.placement.part);
  // What began before data that must not pass does not go on with what follows it either.
  const bool ends_open =
      outlet_.message_open() &&
      (fragment || (decision.verdict == Verdict::blocked && !ws::is_control(envelope.frame.header.opcode)));
  std::optional<LaneFault> fault;
  if (ends_open && options_.drop_open == DropOpen::truncate) {
    outlet_.send(turn, envelope.frame, kEndOfMessage, {}, Verdict::truncated, decision.cause);
  } else {
    if (ends_open) fault = drop_open(decision.cause);
    outlet_.drop(turn, envelope.frame, decision.verdict, decision.cause);
  }
  if (fragment) drop_rest(std::move(decision));
  return fault;
}

/// What else comes of the open message does not leave either.
void Editor::drop_rest(Decision decision) {
  course_ = Course::dropped;
  dropping_ = std::move(decision);
  content_.drop_rest();
}

/// A frame of a message that is not compressed and leaves when all of it was judged.
std::optional<LaneFault> Editor::take_waiting(Turn& turn, const Envelope& envelope, Decision decision) {
  if (decision.kind == Decision::Kind::drop) {
    outlet_.drop_waiting(turn, decision.verdict, decision.cause);
    return drop_plain(turn, envelope, std::move(decision));
  }
  if (envelope.says == Says::frame) {
    outlet_.keep(turn, envelope.frame, std::move(decision.cause));
    return std::nullopt;
  }
  course_ = Course::frame_by_frame;
  if (decision.kind == Decision::Kind::replace)
    return outlet_.write_message(turn, envelope.frame, header_of(envelope, decision), decision.payload,
                                 decision.verdict, decision.cause);
  outlet_.forward_message(turn, envelope.frame, std::move(decision.cause));
  return std::nullopt;
}

std::optional<LaneFault> Editor::take_compressed(Turn& turn, const Envelope& envelope,
                                                 const FrameReading& reading, Bytes inflated,
                                                 Decision decision) {
  const Frame& frame = envelope.frame;
  if (decision.kind == Decision::Kind::drop) {
    std::optional<LaneFault> fault;
    // Half a compressed message says nothing that its receiver could be left with.
    if (outlet_.message_open()) fault = drop_open(decision.cause);
    outlet_.drop_message(turn, frame, decision.verdict, decision.cause);
    outlet_.compressed_altered();
    drop_rest(std::move(decision));
    return fault;
  }
  if (decision.kind == Decision::Kind::replace) {
    outlet_.compressed_altered();
    return outlet_.compress_message(turn, frame, header_of(envelope, decision), decision.payload,
                                    decision.verdict, decision.cause);
  }
  if (course_ != Course::when_whole || must_leave(envelope, reading))
    return take_as_it_comes(turn, envelope, reading, inflated, std::move(decision.cause));
  if (!ws::ends_message(envelope.placement.part)) {
    outlet_.keep(turn, envelope.frame, std::move(decision.cause));
  } else if (outlet_.recompresses()) {
    return outlet_.compress_message(
        turn, frame, {.fin = frame.header.fin, .opcode = envelope.placement.message_opcode}, reading.payload,
        Verdict::changed, decision.cause.starts_with(kEditRefused) ? decision.cause : kRecompressed);
  } else {
    outlet_.forward_message(turn, frame, std::move(decision.cause));
  }
  return std::nullopt;
}

/// A message that cannot be kept until it is whole: untouched where nothing before it was altered, else
/// written anew as it comes (DEF-5).
std::optional<LaneFault> Editor::take_as_it_comes(Turn& turn, const Envelope& envelope,
                                                  const FrameReading& reading, Bytes inflated,
                                                  std::string cause) {
  if (!outlet_.recompresses()) {
    course_ = Course::untouched;
    outlet_.forward_message(turn, envelope.frame, std::move(cause));
    return std::nullopt;
  }
  if (reading.state == InflateState::lost) {
    auto fault = unreadable(reading);
    outlet_.drop_message(turn, envelope.frame, Verdict::dropped, fault.reason);
    return fault;
  }
  course_ = Course::streamed;
  return outlet_.stream_message(turn, envelope.frame, ws::ends_message(envelope.placement.part), inflated);
}

std::optional<LaneFault> Editor::release(Turn& turn, Bytes inflated, Release why) {
  std::optional<LaneFault> fault;
  if (waits()) {
    Decision decision = judge_so_far(inflated, why);
    outlet_.say_with_waiting(std::move(decision.tags), std::move(decision.logged));
    injections_.put_before(turn, std::move(decision.before));
    auto after = std::exchange(decision.after, {});
    injections_.give_up(decision.refused);
    const bool drops = decision.kind == Decision::Kind::drop;
    if (drops) fault = drop_waiting(turn, decision);
    course_ = drops ? Course::dropped : leave_so_far(turn, decision, inflated);
    if (course_ == Course::dropped) drop_rest(std::move(decision));
    injections_.put_behind(turn, std::move(after), waits());
  } else if (why != Release::waited_long_enough) {
    judge_unfinished(inflated, why);
  }
  content_.let_go();
  if (why != Release::waited_long_enough) outlet_.leave_unfinished();
  return fault;
}

/// What has come of a message that waits no longer is judged as it is (SAFE-2).
Decision Editor::judge_so_far(Bytes inflated, Release why) {
  if (!plan_.needs.whole_messages[ws::index(direction_)]) return {};
  Envelope& envelope = last_;
  const Frame frame = envelope.frame;
  const Bytes content =
      content_.take_so_far(envelope, inflated, is_compressed(envelope), why == Release::interrupted);
  Decision decision = plan_.judge(envelope, plan_.needs.payloads ? content : Bytes());
  envelope.frame = frame;
  refuse_impossible(envelope, {.compressed = is_compressed(envelope), .waits = true}, decision);
  return decision;
}

void Editor::judge_unfinished(Bytes inflated, Release why) {
  if (waits() || !content_.is_undecided()) return;
  const Decision decision = judge_so_far(inflated, why);
  for (const auto& id : decision.logged)
    unfinished_.push_back(
        fmt::format("logged by {}: message of frame {}", id, last_.placement.message_first));
  for (const auto& tag : decision.tags)
    unfinished_.push_back(fmt::format("tagged {}: message of frame {}", tag, last_.placement.message_first));
}

/// What waits does not leave; an older message of which some has left, and no end, ends here.
std::optional<LaneFault> Editor::drop_waiting(Turn& turn, const Decision& decision) {
  const bool compressed = is_compressed(last_), open = outlet_.message_open();
  const bool truncates = open && !compressed && options_.drop_open == DropOpen::truncate;
  truncates ? outlet_.truncate_waiting(turn, decision.verdict, decision.cause)
            : outlet_.drop_waiting(turn, decision.verdict, decision.cause);
  if (compressed) outlet_.compressed_altered();
  return open && !truncates ? drop_open(decision.cause) : end_of_flow(decision);
}

/// @param decision  becomes a drop where what would leave does not fit.
Editor::Course Editor::leave_so_far(Turn& turn, Decision& decision, Bytes inflated) {
  const bool compressed = is_compressed(last_);
  bool left = true;
  if (compressed && outlet_.recompresses()) {
    left = outlet_.stream_waiting(turn, inflated);
  } else if (decision.kind == Decision::Kind::replace) {
    left = outlet_.write_waiting(turn, decision.payload, decision.cause);
  } else {
    outlet_.forward_waiting(turn);
    return compressed ? Course::untouched : Course::frame_by_frame;
  }
  if (left) return compressed ? Course::streamed : Course::frame_by_frame;
  decision.verdict = Verdict::dropped;
  decision.cause = kTooBig;
  return Course::dropped;
}

void Editor::discard(Turn& turn, const std::string& cause) {
  outlet_.drop_waiting(turn, Verdict::dropped, cause);
}

void Editor::end_turn(Turn& turn) {
  outlet_.end_turn();
  std::erase_if(turn.scratch.marks, [](const Mark& mark) {
    return mark.verdict == Verdict::forwarded && mark.cause.empty() && mark.tags.empty() &&
           mark.logged.empty();
  });
}

}  // namespace wstap::pipeline

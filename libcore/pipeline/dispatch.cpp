// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/dispatch.h"

#include <utility>

#include "libcore/pipeline/hold_review.h"
#include "libcore/pipeline/refusal.h"

namespace wstap::pipeline {

using ws::Frame;
using ws::InflateState;

namespace {

constexpr const char* kAfterClose = "after_close";
// No plan has this number.
constexpr std::uint32_t kByNobody = ~std::uint32_t{0};

LaneFault unreadable(const Parcel& parcel) {
  if (parcel.corrupt) return {"invalid_deflate", "behind an altered message", 0, ws::kInvalidData};
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

Dispatch::Dispatch(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim,
                   const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
                   Entropy& entropy, const BufferGauge* gauge)
    : plan_(plan),
      options_(options),
      outlet_(direction, negotiated, verbatim, options.max_frame_bytes, message, entropy),
      injections_(outlet_, plan, direction, options.max_frame_bytes, gauge),
      course_(message.open && message.compressed ? Course::untouched : Course::frame_by_frame) {}

std::optional<LaneFault> Dispatch::take(Turn& turn, Parcel& parcel) {
  if (parcel.is_frame()) return take_frame(turn, parcel);
  std::optional<LaneFault> fault;
  if (parcel.kind == Parcel::Kind::so_far) fault = take_so_far(turn, parcel);
  if (parcel.why != Release::waited_long_enough) outlet_.leave_unfinished();
  return fault;
}

std::optional<LaneFault> Dispatch::take_frame(Turn& turn, Parcel& parcel) {
  Envelope& envelope = parcel.envelope;
  const ws::Part part = envelope.placement.part;
  if (ws::begins_message(part)) {
    course_ = parcel.course;
    judged_end_.clear();
  }
  if (envelope.placement.in_message() && course_ == Course::dropped) {
    outlet_.drop_message(turn, envelope.frame, dropping_.verdict, dropping_.cause);
    return std::nullopt;
  }
  // Behind a Close of the peer's own nothing comes here: it was a reviewer's.
  if (outlet_.ended()) {
    outlet_.drop_message(turn, envelope.frame, Verdict::dropped, kAfterClose);
    return std::nullopt;
  }
  judge(parcel, course_ == Course::when_whole);
  Decision& decision = parcel.decision;
  const std::size_t left_before = turn.scratch.out.size();
  turn.delays = decision.delay_ns != 0 && decision.kind != Decision::Kind::drop;
  const std::int64_t delay_ns = decision.delay_ns;
  injections_.put_before(turn, std::move(decision.before));
  turn.tags = std::exchange(decision.tags, {});
  turn.logged = std::exchange(decision.logged, {});
  auto after = std::exchange(decision.after, {});
  injections_.give_up(decision.refused);
  auto end = end_of_flow(decision);
  if (decision.exact) {
    send_exact(turn, parcel);
    return end;
  }
  const bool kept = course_ == Course::when_whole && ws::is_fragment(part);
  auto fault = parcel.compressed ? take_compressed(turn, parcel, std::move(decision))
               : kept            ? take_waiting(turn, envelope, std::move(decision))
                                 : take_plain(turn, envelope, std::move(decision));
  injections_.put_behind(turn, std::move(after), !outlet_.waiting().empty());
  if (turn.delays) delay(turn, left_before, fault ? 0 : delay_ns);
  return fault ? fault : end;
}

/// A reviewer's own bytes leave, and what the frame, or its message, would have said does not.
void Dispatch::send_exact(Turn& turn, Parcel& parcel) {
  Decision& decision = parcel.decision;
  if (parcel.compressed) outlet_.compressed_altered();
  outlet_.send_exact(turn, parcel.envelope.frame, std::move(*decision.exact), decision.verdict,
                     std::move(decision.cause));
}

/// What the steps behind Intercept make of it, as far as that can be done.
void Dispatch::judge(Parcel& parcel, bool waits) {
  Envelope& envelope = parcel.envelope;
  // What is held and not to leave does not, whatever that means for what follows.
  const bool dropped = parcel.decision.kind == Decision::Kind::drop && !parcel.decision.held_by.empty();
  const bool late = !waits && is_late(parcel);
  if (late) envelope.says = Says::rest;
  const bool piece = envelope.says == Says::rest || envelope.says == Says::message_so_far;
  if (envelope.says == Says::rest && !judged_end_.empty()) {
    envelope.judged_before = judged_end_;
    parcel.judged_by = kByNobody;
  }
  plan_.judge_leaving(envelope, plan_.needs.payloads ? parcel.content : Bytes(), parcel.decision,
                      parcel.judged_by);
  envelope.frame.header = parcel.came;
  if (piece) remember_end(parcel, late);
  if (parcel.decision.exact) return judge_exact(parcel);
  if (!dropped)
    refuse_impossible(envelope, {parcel.compressed, waits, parcel.state == InflateState::lost},
                      parcel.decision);
}

/// Bytes that a reviewer wrote leave whatever their message's state, unless newer rules are against them.
void Dispatch::judge_exact(Parcel& parcel) const {
  Decision& decision = parcel.decision;
  if (parcel.judged_by == plan_.number) return;
  Decision checked = check_raw(parcel, *decision.exact, plan_);
  if (checked.kind != Decision::Kind::drop) return;
  become_drop(decision, checked);
  decision.exact.reset();
}

/// A fragment that waited when rules came which want to know what its message says: they look at each, with
/// those before it that had not left either.
bool Dispatch::is_late(const Parcel& parcel) const noexcept {
  const Envelope& envelope = parcel.envelope;
  return envelope.says == Says::frame && envelope.placement.in_message() && !parcel.compressed &&
         parcel.judged_by != plan_.number && plan_.needs.whole_messages[ws::index(envelope.direction)];
}

/// Of a message that is judged piece by piece each is looked at with the end of what left before, also where
/// that was edited (SAFE-6). @param late  nobody else remembers it.
void Dispatch::remember_end(const Parcel& parcel, bool late) {
  const Decision& decision = parcel.decision;
  const bool edited = decision.kind == Decision::Kind::replace && !decision.exact;
  if (decision.kind == Decision::Kind::drop) return;
  if (!edited && !late && judged_end_.empty()) return;
  Buffer left = judged_end_.empty() ? to_buffer(parcel.envelope.judged_before) : judged_end_;
  append(left, edited ? Bytes(decision.payload) : parcel.content);
  judged_end_ = to_buffer(end_of_judged(left));
}

/// What leaves from `from` on leaves later, if anything does.
void Dispatch::delay(Turn& turn, std::size_t from, std::int64_t delay_ns) {
  turn.delays = false;
  if (delay_ns == 0 || turn.scratch.out.size() == from) return turn.delay_nothing();
  turn.result.delay_ns = delay_ns;
  turn.result.delayed_from = from;
}

std::optional<LaneFault> Dispatch::take_plain(Turn& turn, const Envelope& envelope, Decision decision) {
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
std::optional<LaneFault> Dispatch::drop_plain(Turn& turn, const Envelope& envelope, Decision decision) {
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
void Dispatch::drop_rest(Decision decision) {
  course_ = Course::dropped;
  dropping_ = std::move(decision);
}

/// A frame of a message that is not compressed and leaves when all of it was judged.
std::optional<LaneFault> Dispatch::take_waiting(Turn& turn, const Envelope& envelope, Decision decision) {
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

std::optional<LaneFault> Dispatch::take_compressed(Turn& turn, const Parcel& parcel, Decision decision) {
  const Envelope& envelope = parcel.envelope;
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
  if (course_ != Course::when_whole || parcel.must_leave)
    return take_as_it_comes(turn, parcel, std::move(decision.cause));
  if (!ws::ends_message(envelope.placement.part)) {
    outlet_.keep(turn, frame, std::move(decision.cause));
  } else if (outlet_.recompresses()) {
    return outlet_.compress_message(
        turn, frame, {.fin = frame.header.fin, .opcode = envelope.placement.message_opcode}, parcel.content,
        Verdict::changed, decision.cause.starts_with(kEditRefused) ? decision.cause : kRecompressed);
  } else {
    outlet_.forward_message(turn, frame, std::move(decision.cause));
  }
  return std::nullopt;
}

/// A message that cannot be kept until it is whole: untouched where nothing before it was altered, else
/// written anew as it comes (DEF-5).
std::optional<LaneFault> Dispatch::take_as_it_comes(Turn& turn, const Parcel& parcel, std::string cause) {
  const Envelope& envelope = parcel.envelope;
  if (!outlet_.recompresses()) {
    course_ = Course::untouched;
    outlet_.forward_message(turn, envelope.frame, std::move(cause));
    return std::nullopt;
  }
  // Behind something that was held, what is inflated beyond the bounds was not kept either.
  if (parcel.state == InflateState::lost || (turn.recorded && parcel.state != InflateState::ok)) {
    auto fault = unreadable(parcel);
    outlet_.drop_message(turn, envelope.frame, Verdict::dropped, fault.reason);
    return fault;
  }
  course_ = Course::streamed;
  return outlet_.stream_message(turn, envelope.frame, ws::ends_message(envelope.placement.part),
                                parcel.inflated);
}

/// What has come of a message leaves, or not, without its rest.
std::optional<LaneFault> Dispatch::take_so_far(Turn& turn, Parcel& parcel) {
  if (outlet_.ended()) outlet_.drop_waiting(turn, Verdict::dropped, kAfterClose);
  if (outlet_.waiting().empty()) return std::nullopt;
  Decision& decision = parcel.decision;
  if (parcel.envelope.says == Says::message_so_far) judge(parcel, true);
  outlet_.say_with_waiting(std::move(decision.tags), std::move(decision.logged));
  injections_.put_before(turn, std::move(decision.before));
  auto after = std::exchange(decision.after, {});
  injections_.give_up(decision.refused);
  std::optional<LaneFault> fault;
  if (decision.kind == Decision::Kind::drop) {
    fault = drop_waiting(turn, parcel);
    course_ = Course::dropped;
  } else {
    course_ = leave_so_far(turn, parcel);
  }
  if (course_ == Course::dropped) drop_rest(std::move(decision));
  injections_.put_behind(turn, std::move(after), !outlet_.waiting().empty());
  return fault;
}

/// What waits does not leave; an older message of which some has left, and no end, ends here.
std::optional<LaneFault> Dispatch::drop_waiting(Turn& turn, const Parcel& parcel) {
  const Decision& decision = parcel.decision;
  const bool open = outlet_.message_open();
  const bool truncates = open && !parcel.compressed && options_.drop_open == DropOpen::truncate;
  truncates ? outlet_.truncate_waiting(turn, decision.verdict, decision.cause)
            : outlet_.drop_waiting(turn, decision.verdict, decision.cause);
  if (parcel.compressed) outlet_.compressed_altered();
  return open && !truncates ? drop_open(decision.cause) : end_of_flow(decision);
}

/// Makes the decision a drop where what would leave does not fit.
Course Dispatch::leave_so_far(Turn& turn, Parcel& parcel) {
  Decision& decision = parcel.decision;
  if (decision.exact) return replace_so_far(turn, parcel);
  bool left = true;
  if (parcel.compressed && outlet_.recompresses()) {
    left = outlet_.stream_waiting(turn, parcel.inflated);
  } else if (decision.kind == Decision::Kind::replace) {
    left = outlet_.write_waiting(turn, decision.payload, header_of(parcel.envelope, decision).opcode,
                                 decision.cause);
  } else {
    outlet_.forward_waiting(turn, std::move(decision.cause));
    return parcel.compressed ? Course::untouched : Course::frame_by_frame;
  }
  if (left) return parcel.compressed ? Course::streamed : Course::frame_by_frame;
  decision.verdict = Verdict::dropped;
  decision.cause = kTooBig;
  return Course::dropped;
}

/// A reviewer's own bytes leave instead. What comes of the message later follows them, where its receiver can
/// read that alone.
Course Dispatch::replace_so_far(Turn& turn, Parcel& parcel) {
  Decision& decision = parcel.decision;
  outlet_.replace_waiting(turn, std::move(*decision.exact), decision.verdict, decision.cause);
  if (!parcel.compressed) return Course::frame_by_frame;
  outlet_.compressed_altered();
  decision.verdict = Verdict::dropped;
  return Course::dropped;
}

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/editor.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "libcore/pipeline/hold_review.h"

namespace wstap::pipeline {
namespace {

constexpr const char* kPeerGone = "peer_gone";
constexpr const char* kCloseHasLeft = "a Close has left, and nothing may follow it";

}  // namespace

void Editor::follow(bool message_open, FlowHolds* holds) {
  if (holds != nullptr && !line_) line_ = std::make_unique<HoldLine>(*holds, direction_);
  intake_.follow(message_open);
}

std::optional<LaneFault> Editor::take(Turn& turn, Envelope envelope, const ws::FrameReading& reading,
                                      Bytes inflated) {
  Parcel parcel = intake_.take(std::move(envelope), reading, inflated);
  auto fault = pass(turn, parcel);
  intake_.let_go();
  return fault;
}

std::optional<LaneFault> Editor::release(Turn& turn, Bytes inflated, Release why) {
  auto parcel = intake_.release(inflated, why);
  if (!parcel) return std::nullopt;
  auto fault = pass(turn, *parcel);
  intake_.let_go();
  return fault;
}

/// What came leaves, or waits in line.
std::optional<LaneFault> Editor::pass(Turn& turn, Parcel& parcel) {
  if (line_) {
    if (heed_pong(parcel)) return leave(turn, parcel);
    const bool held = is_to_be_held(parcel);
    const bool waits = !line_->empty() || (paused_ && parcel.kind != Parcel::Kind::unfinished);
    if (held || (waits && !overtakes(parcel))) {
      if (held && !parcel.is_frame()) {
        dispatch_.stay_pending();
        parcel.envelope.frame.raw = raw_of_waiting(parcel.envelope.sequence);
      }
      line_->park(turn, std::move(parcel), held);
      return std::nullopt;
    }
  }
  return leave(turn, parcel);
}

/// Of a frame that waits, in line or for the rest of its message.
Bytes Editor::raw_of_waiting(Sequence sequence) const noexcept {
  for (const auto& place : std::views::reverse(line_->places()))
    if (place.parcel.is_frame() && place.parcel.envelope.sequence == sequence)
      return place.parcel.envelope.frame.raw;
  return dispatch_.outlet().waiting().last();
}

std::optional<LaneFault> Editor::leave(Turn& turn, Parcel& parcel) {
  const bool is_ping = line_ && parcel.is_frame() && parcel.came.opcode == ws::kPing;
  const Buffer ping = is_ping ? unmasked_payload(parcel.envelope.frame) : Buffer();
  const std::size_t left_before = turn.scratch.out.size();
  auto fault = dispatch_.take(turn, parcel);
  if (is_ping && turn.scratch.out.size() != left_before) pings(direction_).ping_left(ping, false);
  if (dispatch_.drops_message()) intake_.drop_rest(parcel.envelope.placement.message_first);
  return fault;
}

/// A Pong may be for wstap alone (HOLD-4).
bool Editor::heed_pong(Parcel& parcel) {
  Keepalive& answered = pings(ws::opposite(direction_));
  if (!parcel.is_frame() || parcel.came.opcode != ws::kPong || answered.empty()) return false;
  auto answer = answered.pong_came(unmasked_payload(parcel.envelope.frame));
  if (answer.to == Keepalive::Answer::To::peer) return false;
  Decision& decision = parcel.decision;
  decision.cause = "keepalive";
  decision.held_by.clear();
  if (answer.to == Keepalive::Answer::To::own) {
    decision.kind = Decision::Kind::drop;
    decision.verdict = Verdict::swallowed;
    return true;
  }
  decision.kind = Decision::Kind::replace;
  decision.verdict = Verdict::changed;
  decision.cause = "keepalive_cover";
  decision.header = parcel.came;
  decision.payload = std::move(answer.payload);
  return true;
}

bool Editor::is_to_be_held(Parcel& parcel) {
  Decision& decision = parcel.decision;
  if (decision.held_by.empty() || decision.kind == Decision::Kind::drop) return false;
  const auto& settings = line_->holds().settings;
  HoldQueue& queue = line_->holds().queue;
  if (settings.on_full == OnFull::wait || queue.has_room(settings)) return true;
  queue.count_turned_away();
  short_of_room_ = true;
  decision.cause = "hold_queue_full";
  if (settings.on_full == OnFull::drop) {
    decision.kind = Decision::Kind::drop;
    decision.verdict = Verdict::dropped;
  }
  return false;
}

/// HOLD-1: Pings and Pongs do not wait behind data.
bool Editor::overtakes(const Parcel& parcel) const noexcept {
  if (!parcel.is_frame() || line_->holds().settings.control_waits) return false;
  return parcel.came.opcode == ws::kPing || parcel.came.opcode == ws::kPong;
}

/// Its message does not leave any more: there is nothing left to decide.
bool Editor::is_dropped_already(const Parcel& parcel) const noexcept {
  const auto& placement = parcel.envelope.placement;
  return parcel.is_frame() && dispatch_.drops_message() && placement.in_message() &&
         !ws::begins_message(placement.part);
}

bool Editor::ready() const noexcept {
  if (!injected_.empty()) return true;
  if (!holds() || paused_) return false;
  return !line_->front().is_undecided() || is_dropped_already(line_->front().parcel);
}

std::optional<LaneFault> Editor::depart(Turn& turn) {
  if (!injected_.empty()) dispatch_.put(turn, take_injected());
  std::optional<LaneFault> fault;
  while (ready() && !fault && turn.result.delay_ns == 0 && !turn.is_full()) fault = leave_line(turn);
  if (line_) line_->claim_room(turn.now);
  turn.result.more = ready();
  return fault;
}

std::optional<LaneFault> Editor::leave_line(Turn& turn) {
  if (line_->front().is_undecided()) line_->settle(line_->front(), name(Review::Action::drop), kByMessage);
  auto place = line_->take_front();
  const Sequence sequence = place.parcel.envelope.sequence;
  if (place.item) turn.decided[sequence] = place.by;
  if (place.parcel.is_frame()) {
    turn.recorded = sequence;
    turn.result.first_sequence = std::min(turn.result.first_sequence, sequence);
  }
  auto fault = leave(turn, place.parcel);
  turn.recorded.reset();
  // Behind what is delayed they leave as late.
  turn.delays = turn.result.delay_ns != 0;
  if (!place.after.empty()) dispatch_.put(turn, std::move(place.after));
  turn.delays = false;
  return fault;
}

ReviewAnswer Editor::review(const Review& review) {
  using Result = ReviewAnswer::Result;
  HoldLine::Place* place = line_ ? line_->find(review.id.sequence) : nullptr;
  if (place == nullptr) return {.result = Result::late, .reason = "no such item is held"};
  if (!place->is_undecided())
    return {.result = Result::late, .by = place->by, .reason = "it was decided before"};
  if (closed() && review.action != Review::Action::drop)
    return {.result = Result::refused, .reason = kCloseHasLeft};
  auto decided = decide(place->parcel, review, plan_, options_);
  if (!decided) return {.result = Result::refused, .reason = std::move(decided.error())};
  if (const char* full = line_->take_edit(*place, std::move(*decided), gauge_))
    return {.result = Result::refused, .reason = full};
  line_->settle(*place, name(review.action), review.by);
  return {.by = review.by};
}

ReviewAnswer Editor::inject(InjectRequest request) {
  using Result = ReviewAnswer::Result;
  if (closed()) return {.result = Result::refused, .reason = kCloseHasLeft};
  HoldLine::Place* behind = nullptr;
  if (request.after) {
    behind = line_ ? line_->find(request.after->sequence) : nullptr;
    if (behind == nullptr) return {.result = Result::late, .reason = "no such item waits in that direction"};
    if (behind->parcel.came.opcode == ws::kClose)
      return {.result = Result::refused, .reason = "nothing may follow a Close"};
  }
  const std::string by = request.by;
  auto frame = make_injection(std::move(request), plan_, options_);
  if (!frame) return {.result = Result::refused, .reason = std::move(frame.error())};
  const char* full =
      behind != nullptr ? line_->put_behind(*behind, std::move(*frame), gauge_) : put_next(std::move(*frame));
  if (full != nullptr) return {.result = Result::refused, .reason = full};
  return {.by = by};
}

const char* Editor::put_next(NewFrame frame) {
  const std::uint64_t takes = sizeof frame + frame.payload.size();
  if (injected_.size() >= kMostInjected) return kTooManyInjected;
  if (gauge_ != nullptr && !gauge_->has_room(takes)) return kBuffersFull;
  injected_bytes_ += takes;
  injected_.push_back(std::move(frame));
  return nullptr;
}

std::vector<NewFrame> Editor::take_injected() noexcept {
  injected_bytes_ = 0;
  return std::exchange(injected_, {});
}

void Editor::ping(Turn& turn, Bytes payload) {
  if (!line_ || closed()) return;
  pings(direction_).ping_left(payload, true);
  std::vector<NewFrame> frames(1);
  frames.front() = {{.fin = true, .opcode = ws::kPing}, to_buffer(payload), "keepalive", Verdict::synthetic};
  dispatch_.put(turn, std::move(frames));
}

void Editor::decide_by_default(UnixNs expired, const char* by) {
  if (!line_ || line_->undecided() == 0) return;
  for (auto& place : line_->places()) {
    if (!place.is_undecided() || place.item->expires_ns > expired) continue;
    const bool drops = place.item->on_timeout == OnTimeout::drop;
    Decision& decision = place.parcel.decision;
    if (drops) {
      decision.kind = Decision::Kind::drop;
      decision.verdict = Verdict::dropped;
    }
    if (decision.kind != Decision::Kind::replace) decision.cause = std::string("hold_") + by;
    line_->settle(place, name(drops ? Review::Action::drop : Review::Action::release), by);
  }
}

void Editor::discard(Turn& turn, const std::string& cause) {
  const bool is_gone = cause.empty() || cause == "reset";
  if (line_) settle_all(turn);
  // What is held of a message may be there, too.
  dispatch_.discard(turn, holds() && is_gone ? kPeerGone : cause);
  give_up(take_injected());
  while (holds()) {
    auto place = line_->take_front();
    give_up(std::move(place.after));
    if (!place.parcel.is_frame()) continue;
    turn.settle({.sequence = place.parcel.envelope.sequence,
                 .time_ns = turn.now,
                 .verdict = Verdict::dropped,
                 .cause = is_gone ? kPeerGone : cause});
  }
}

/// Nobody decides any more.
void Editor::settle_all(Turn& turn) {
  for (auto& place : line_->places()) {
    if (place.is_undecided()) line_->settle(place, name(Review::Action::drop), kByEnd);
    if (place.item) turn.decided[place.item->id.sequence] = place.by;
  }
}

void Editor::give_up(std::vector<NewFrame> frames) {
  for (const auto& frame : frames) dispatch_.injections().give_up({frame, "the flow ended before it left"});
}

void Editor::end_turn(Turn& turn) {
  dispatch_.stay_pending();
  std::erase_if(turn.scratch.marks, [](const Mark& mark) {
    return mark.verdict == Verdict::forwarded && mark.cause.empty() && mark.tags.empty() &&
           mark.logged.empty();
  });
}

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/ws/close.h"
#include "libcore/ws/errors.h"

namespace wstap::pipeline {
namespace {

using ws::Direction;
using ws::index;

// Two of these fit into one record of a capture.
constexpr std::size_t kMaxUnfinished = 15U << 20;
/// A Close had no answer in time, which is an end in order.
constexpr const char* kCloseUnanswered = "close_unanswered";

}  // namespace

Flow::Flow(FlowOpened opened, const Pipeline& pipeline, LaneContext context)
    : since_ns_(opened.time_ns),
      opened_(std::make_unique<const FlowOpened>(std::move(opened))),
      context_(context),
      names_(*opened_),
      plan_(pipeline.plan(names_)),
      holds_(begin_holding(pipeline)),
      lanes_{Lane(*opened_, Direction::send, plan_, holds_.get(), context),
             Lane(*opened_, Direction::receive, plan_, holds_.get(), context)},
      sequences_(opened_->next_sequence) {
  closed_.id = opened_->id;
}

Flow::Flow(FlowOpened opened, CurrentPipeline& current, LaneContext context)
    : Flow(std::move(opened), Pipeline(), context) {
  current_ = &current;
  follow();
}

Result<void> Flow::open() {
  context_.counters.flows.fetch_add(1, std::memory_order_relaxed);
  const auto opened = std::move(opened_);
  if (auto recorded = context_.tap.flow_opened(*opened); !recorded) return recorded;
  for (auto& lane : lanes_) lane.begin_recording();
  if (opened->negotiated().unknown_extension)
    add_note("unknown_extension", opened->extensions, opened->time_ns);
  return {};
}

void Flow::replan(const Pipeline& pipeline) {
  const auto number = plan_.number + 1;
  plan_ = pipeline.plan(names_);
  plan_.number = number;
  if (!holds_) holds_ = begin_holding(pipeline);
  if (holds_) holds_->settings = pipeline.holds();
  std::optional<std::array<ws::MessageReader, 2>> readers;
  if (std::ranges::any_of(lanes_, [this](const Lane& lane) { return lane.must_catch_up(plan_); }))
    readers = context_.tap.recall(id(), inflate_limits(context_.options));
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].must_catch_up(plan_))
      lanes_[i].catch_up(readers ? std::optional(std::move((*readers)[i])) : std::nullopt);
    lanes_[i].follow(plan_, holds_.get());
  }
}

/// The pipeline may have been replaced since the last turn.
void Flow::follow_current() {
  if (current_ != nullptr && current_->version() != version_) follow();
}

void Flow::follow() {
  const auto [pipeline, version] = current_->get();
  version_ = version;
  replan(*pipeline);
  limit();
}

void Flow::limit() {
  Limiter& limiter = current_->limiter();
  if (limits_) limiter.forget(*limits_);
  auto found = limiter.limits_of(names_.destination());
  limits_ = found.tallies.empty() ? nullptr : std::make_unique<FlowLimits>(std::move(found));
}

LaneTurn Flow::take(Direction direction, MutableBytes unread, UnixNs now, LaneScratch& scratch) {
  follow_current();
  if (limits_ && !unlimited_) [[unlikely]]
    return take_limited(direction, unread, now, scratch);
  LaneTurn turn = lanes_[index(direction)].take(unread, now, sequences_, scratch);
  after_turn(direction, turn, unread, now);
  return turn;
}

LaneTurn Flow::take_limited(Direction direction, MutableBytes unread, UnixNs now, LaneScratch& scratch) {
  Limiter& limiter = current_->limiter();
  const auto passage = limiter.pass(*limits_, direction, unread, now);
  LaneTurn turn;
  if (passage.bytes != 0) {
    const auto may_pass = unread.first(passage.bytes);
    turn = lanes_[index(direction)].take(may_pass, now, sequences_, scratch);
    // A turn may end at a frame that is delayed: those behind it come again.
    limiter.give_back(*limits_, direction, may_pass.subspan(turn.used));
    after_turn(direction, turn, unread, now);
  }
  // What may pass passes before anything waits.
  if (!passage.hit || turn.more) return turn;
  turn.limit_ns = passage.hit->wait_ns;
  add_note_once("rate_limited", passage.hit->reason, now);
  return turn;
}

bool Flow::leave_delayed(Direction direction, UnixNs now) {
  const auto recorded = lanes_[index(direction)].leave_delayed(now, sequences_);
  if (recorded) return true;
  farewell_ = {ws::kGoingAway, ws::kGoingAway};
  fail(Party::proxy, "capture_failed", recorded.error().text(), 0);
  return false;
}

std::optional<UnixNs> Flow::release_due(Direction direction) const noexcept {
  const auto since = lanes_[index(direction)].waits_since();
  return since ? std::optional(*since + context_.options.max_wait_ns) : std::nullopt;
}

LaneTurn Flow::release(Direction direction, UnixNs now, LaneScratch& scratch, bool goes_on) {
  LaneTurn turn = lanes_[index(direction)].release(now, scratch, sequences_, goes_on);
  after_turn(direction, turn, {}, now);
  return turn;
}

void Flow::after_turn(Direction direction, const LaneTurn& turn, Bytes unread, UnixNs now) {
  if (holds_) follow_holds(now);
  note_events(lanes_[index(direction)], now);
  if (turn.closed && closed_.began == Party::none) closed_.began = sender_of(direction);
  if (turn.fault) {
    const bool own_fault = turn.fault->close_code == 0;
    // What was not taken stays on the flow's end; unrecorded frames do not count as taken.
    keep_unfinished(direction, unread.subspan(own_fault ? 0 : turn.used));
    if (!own_fault && settled()) return;
    farewell_[index(opposite(direction))] =
        own_fault ? std::uint16_t{ws::kGoingAway} : turn.fault->close_code;
    farewell_[index(direction)] = turn.fault->receiver_code;
    fail(Party::proxy, turn.fault->reason, turn.fault->detail, turn.fault->offset);
  }
}

void Flow::note_events(Lane& lane, UnixNs now) {
  for (const auto& event : lane.take_events()) add_note(event.kind, event.detail, now);
}

void Flow::keep_unfinished(Direction direction, Bytes unfinished) {
  Buffer& kept = closed_.unfinished[index(direction)];
  if (!kept.empty()) return;
  kept = to_buffer(unfinished.first(std::min(unfinished.size(), kMaxUnfinished)));
  if (unfinished.size() > kMaxUnfinished) closed_.notes.emplace_back("unfinished_cut");
}

void Flow::ended(Direction direction, StreamEnd end, Bytes unfinished) {
  Lane& lane = lanes_[index(direction)];
  keep_unfinished(direction, unfinished);
  if (end == StreamEnd::eof_without_close_notify) closed_.notes.emplace_back("tls_truncated");
  if (settled()) return;

  const Party who = sender_of(direction);
  if (end == StreamEnd::reset) {
    fail(who, "reset", {}, lane.offset());
  } else if (!unfinished.empty() && !lane.close_seen()) {
    fail(who, ws::name(ws::Errc::aborted), fmt::format("received={}", unfinished.size()), lane.offset());
  } else if (lane.message().open && !lane.close_seen()) {
    fail(who, "message_unfinished", fmt::format("message_bytes={}", lane.message().bytes), lane.offset());
  } else {
    over_[index(direction)] = true;
  }
  if (failed() && end != StreamEnd::reset) {
    farewell_[index(opposite(direction))] = ws::kProtocolError;
    farewell_[index(direction)] = ws::kGoingAway;
  }
  if (closed_.began == Party::none) closed_.began = who;
}

void Flow::undelivered(Direction direction, Sequence first) {
  auto& from = closed_.undelivered_from[index(direction)];
  from = std::min(from.value_or(first), first);
}

void Flow::give_up(std::string_view reason, std::string detail) {
  if (settled()) return;
  if (reason == "close_timeout") {
    // Ends as closed: the peer that did not answer the Close had its time.
    closed_.notes.emplace_back(kCloseUnanswered);
    return;
  }
  farewell_ = {ws::kGoingAway, ws::kGoingAway};
  if (reason == "shutdown") {
    shut_down_ = true;
    closed_.reason = reason;
    if (closed_.began == Party::none) closed_.began = Party::proxy;
    return;
  }
  fail(Party::proxy, std::string(reason), std::move(detail), 0);
}

void Flow::fail(Party began, std::string reason, std::string detail, std::uint64_t offset) {
  if (state_ != FlowState::active) return;
  state_ = FlowState::error;
  closed_.reason = std::move(reason);
  closed_.detail = std::move(detail);
  closed_.offset = offset;
  if (closed_.began == Party::none) closed_.began = began;
}

bool Flow::has_note(std::string_view kind) const {
  return std::ranges::find(closed_.notes, kind) != closed_.notes.end();
}

void Flow::add_note_once(std::string_view kind, std::string_view detail, UnixNs now) {
  if (!has_note(kind)) add_note(kind, detail, now);
}

void Flow::add_note(std::string_view kind, std::string_view detail, UnixNs now) {
  if (!has_note(kind)) closed_.notes.emplace_back(kind);
  auto text = detail.empty() ? std::string(kind) : fmt::format("{}: {}", kind, detail);
  // A note that cannot be recorded is not worth ending a flow for; the next frame will find out.
  (void)context_.tap.note({id(), now, std::move(text)});
}

Buffer Flow::synthetic_close(Direction direction, std::uint16_t code, UnixNs now) {
  Buffer frame = own_frame(direction, {.fin = true, .opcode = ws::kClose}, ws::close_payload(code, {}),
                           context_.entropy);
  const std::array<std::uint32_t, 1> ends = {static_cast<std::uint32_t>(frame.size())};
  const std::array<Mark, 1> marks = {Mark{.verdict = Verdict::synthetic, .cause = closed_.reason}};
  const auto recorded =
      context_.tap.burst({.flow = id(),
                          .direction = direction,
                          .first_sequence = sequences_.fetch_add(1, std::memory_order_relaxed),
                          .time_ns = now,
                          .raw = frame,
                          .ends = ends,
                          .marks = marks});
  if (!recorded) return {};  // unrecorded frames do not leave
  return frame;
}

std::array<Buffer, 2> Flow::farewell(UnixNs now) {
  unlimited_ = true;
  std::array<Buffer, 2> frames;
  const auto codes = std::exchange(farewell_, {});
  for (const Direction direction : {Direction::send, Direction::receive}) {
    const std::uint16_t code = codes[index(direction)];
    if (code == 0) continue;
    lanes_[index(direction)].discard(closed_.reason, now);
    lanes_[index(direction)].mute(closed_.reason);
    if (lanes_[index(direction)].close_left() || over_[index(direction)]) continue;
    frames[index(direction)] = synthetic_close(direction, code, now);
    // The code that names the fault counts, not the one that tells the other peer to go.
    if (closed_.began == Party::proxy && (closed_.close_code == 0 || code != ws::kGoingAway))
      closed_.close_code = code;
  }
  return frames;
}

FlowClosed Flow::closing_record(UnixNs now) {
  FlowClosed record = std::move(closed_);
  record.time_ns = now;
  record.state = state_ == FlowState::active ? FlowState::complete : state_;
  for (const Direction direction : {Direction::send, Direction::receive})
    record.counts[index(direction)] = lanes_[index(direction)].counts();

  // The Close of whoever began counts (RFC 6455 7.1.5); the other's only when there is none.
  if (record.close_code != 0) return record;
  const Direction first = record.began == Party::server ? Direction::receive : Direction::send;
  for (const Direction direction : {opposite(first), first}) {
    const auto* close = lanes_[index(direction)].close_seen();
    if (close == nullptr) continue;
    record.close_code = close->code;
    record.close_reason = close->reason;
  }
  if (record.close_code == 0) record.close_code = ws::kAbnormal;
  return record;
}

Result<void> Flow::finish(UnixNs now) {
  if (std::exchange(finished_, true)) return {};
  if (limits_) current_->limiter().forget(*limits_);
  const std::string why =
      closed_.reason.empty() && has_note(kCloseUnanswered) ? kCloseUnanswered : closed_.reason;
  for (auto& lane : lanes_) {
    lane.discard(why, now);
    lane.drop_delayed(why, now);
    note_events(lane, now);
  }
  return context_.tap.flow_closed(closing_record(now));
}

}  // namespace wstap::pipeline

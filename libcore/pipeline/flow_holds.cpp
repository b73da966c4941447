// SPDX-License-Identifier: Apache-2.0
// What a flow does for frames that are held, in either direction.
#include <algorithm>
#include <limits>

#include "libcore/pipeline/flow.h"

namespace wstap::pipeline {

using ws::Direction;
using ws::index;

namespace {

void keep_first(std::optional<UnixNs>& first, std::optional<UnixNs> other) {
  if (other) first = std::min(first.value_or(*other), *other);
}

/// Between Pings of wstap's own in a direction; 0: there are none.
std::int64_t ping_interval(const HoldSettings& settings, Direction direction) noexcept {
  return direction == Direction::send ? settings.keepalive_ns : settings.keepalive_client_ns;
}

}  // namespace

std::unique_ptr<FlowHolds> Flow::begin_holding(const Pipeline& pipeline) {
  if (context_.holds == nullptr || !plan_.needs.holds) return nullptr;
  return std::make_unique<FlowHolds>(FlowHolds{
      .queue = *context_.holds, .upgrade_url = names_.url(), .settings = pipeline.holds(), .party = party_});
}

void Flow::decided_by(std::weak_ptr<HoldParty> party) {
  party_ = std::move(party);
  if (holds_) holds_->party = party_;
}

bool Flow::stalls(Direction direction) const noexcept {
  const Editor* editor = lanes_[index(direction)].editor();
  return editor != nullptr && editor->stalls();
}

bool Flow::holds(Direction direction) const noexcept {
  const Editor* editor = lanes_[index(direction)].editor();
  return editor != nullptr && editor->holds();
}

/// What the directions do to each other, and whether Pings are due.
void Flow::follow_holds(UnixNs now) {
  std::array<const HoldLine*, 2> lines{};
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (const Editor* editor = lanes_[i].editor()) lines[i] = editor->line();
  bool holding = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    holding |= lines[i] != nullptr && lines[i]->undecided() != 0;
    const HoldLine* other = lines[1 - i];
    Editor* editor = lanes_[i].editor();
    if (editor == nullptr) continue;
    editor->pause(other != nullptr && other->pauses_flow());
    if (editor->is_short_of_room()) add_note_once("hold_queue_full", {}, now);
  }
  for (const Direction direction : {Direction::send, Direction::receive}) {
    const auto every = ping_interval(holds_->settings, direction);
    UnixNs& next = holds_->next_ping[index(direction)];
    if (!holding || every == 0) {
      next = 0;
    } else if (next == 0) {
      next = now + every;
    }
  }
}

bool Flow::is_ping_due(Direction direction, UnixNs now) const noexcept {
  if (!holds_) return false;
  const UnixNs next = holds_->next_ping[index(direction)];
  return next != 0 && next <= now;
}

bool Flow::has_chore(Direction direction, UnixNs now) const noexcept {
  const Editor* editor = lanes_[index(direction)].editor();
  const auto due = release_due(direction);
  return (due && *due <= now) || (editor != nullptr && editor->ready()) || is_ping_due(direction, now);
}

LaneTurn Flow::do_chore(Direction direction, UnixNs now, LaneScratch& scratch) {
  follow_current();
  Lane& lane = lanes_[index(direction)];
  LaneTurn turn;
  if (const auto due = release_due(direction); due && *due <= now) {
    turn = lane.release(now, scratch, sequences_, true);
  } else if (is_ping_due(direction, now)) {
    holds_->next_ping[index(direction)] = now + ping_interval(holds_->settings, direction);
    turn = lane.ping(now, scratch, sequences_);
  } else {
    turn = lane.depart(now, scratch, sequences_);
  }
  after_turn(direction, turn, {}, now);
  return turn;
}

std::optional<UnixNs> Flow::next_chore(Direction direction) const noexcept {
  auto first = release_due(direction);
  if (!holds_) return first;
  if (const UnixNs ping = holds_->next_ping[index(direction)]; ping != 0) keep_first(first, ping);
  return first;
}

std::optional<UnixNs> Flow::next_expiry() const noexcept {
  std::optional<UnixNs> first;
  if (!holds_) return first;
  for (const Lane& lane : lanes_)
    if (const Editor* editor = lane.editor(); editor != nullptr && editor->line() != nullptr)
      keep_first(first, editor->line()->due());
  return first;
}

void Flow::expire(UnixNs now) {
  decide_by_default(now, kByTimeout, now);
}

void Flow::decide_all(const char* by, UnixNs now) {
  decide_by_default(std::numeric_limits<UnixNs>::max(), by, now);
}

/// @param until  of what is held not longer than that.
void Flow::decide_by_default(UnixNs until, const char* by, UnixNs now) {
  if (!holds_) return;
  for (Lane& lane : lanes_)
    if (Editor* editor = lane.editor()) editor->decide_by_default(until, by);
  follow_holds(now);
}

ReviewAnswer Flow::review(const Review& review, UnixNs now) {
  follow_current();
  ReviewAnswer answer{.result = ReviewAnswer::Result::late, .reason = "no such item is held"};
  for (Lane& lane : lanes_) {
    Editor* editor = lane.editor();
    if (editor != nullptr && editor->has(review.id.sequence)) answer = editor->review(review);
  }
  if (holds_) follow_holds(now);
  return answer;
}

ReviewAnswer Flow::inject(InjectRequest request) {
  if (settled()) return {.result = ReviewAnswer::Result::refused, .reason = "the flow is ending"};
  follow_current();
  return lanes_[index(request.direction)].need_editor(plan_).inject(std::move(request));
}

void Flow::claim_room(UnixNs now) {
  follow_current();
  bool any = false;
  for (Lane& lane : lanes_) {
    Editor* editor = lane.editor();
    if (editor == nullptr || !editor->stalls()) continue;
    any = true;
    editor->claim_room(now);
    if (editor->stalls()) holds_->queue.wait_for_room(party_);
  }
  if (!any && holds_) holds_->queue.pass_on_room();
}

void Flow::add_to(FlowSummary& summary) const {
  summary.id = id();
  summary.url = names_.url();
  summary.since_ns = since_ns_;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    summary.frames[i] = lanes_[i].counts().frames;
    summary.bytes[i] = lanes_[i].counts().bytes;
    const Editor* editor = lanes_[i].editor();
    if (editor == nullptr || editor->line() == nullptr) continue;
    summary.held += editor->line()->undecided();
    summary.waiting += editor->line()->size();
  }
}

}  // namespace wstap::pipeline

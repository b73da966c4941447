// SPDX-License-Identifier: Apache-2.0
// How a relay ends: what is heard of its peers, what is said to them, and the clocks that see to it (FRM-7,
// FRM-8).
#include <algorithm>

#include "libcore/net/relay.h"

namespace wstap::net {

using pipeline::StreamEnd;
using ws::index;

/// A write found the receiver gone. What it sent before is still to be read, by the other half.
void Relay::receiver_gone(Half& half) {
  Half& other = opposite(half);
  other.reset = true;
  if (!other.reads) peer_reset(other);
}

void Relay::stream_ended(Half& half, IoStatus status) {
  if (status == IoStatus::failed || half.reset) return peer_reset(half);
  flow_->ended(half.direction, status == IoStatus::eof ? StreamEnd::eof : StreamEnd::eof_without_close_notify,
               half.inbox.kept());
  if (flow_->failed()) say_farewell();
}

/// A reset of one peer is passed on to the other at once, unless that one has something to hear first: the
/// rest of a session that was complete, or a farewell.
void Relay::peer_reset(Half& half) {
  if (half.from.cancelled()) return;
  flow_->ended(half.direction, StreamEnd::reset, {});
  if (flow_->failed() && !farewell_) {
    half.to.reset();
    return end();
  }
  half.from.cancel();
}

void Relay::say_farewell() {
  if (std::exchange(farewell_, true)) return;
  // What is delayed leaves before it, and is recorded so.
  for (auto& half : halves_)
    if (half.delay != nullptr && half.writing && !half.to.cancelled()) half.departed = may_depart(half);
  auto frames = flow_->farewell(worker_.now());
  start_timer(options_.farewell_timeout, nullptr);
  for (auto& half : halves_) {
    if (half.last_words == LastWords::said) continue;
    half.farewell = std::move(frames[index(half.direction)]);
    half.last_words = LastWords::due;
    if (half.delay != nullptr) half.delay->cancel();
    wake(half);
    if (half.writing) continue;
    half.writing = true;
    ++running_;
    run(say_last_words(half));
  }
}

void Relay::shut_down() {
  if (running_ == 0) return;
  if (flow_->holds_any() && !farewell_) return resolve_held();
  flow_->give_up("shutdown");
  say_farewell();
}

void Relay::cut() {
  if (running_ == 0) return;
  cut_ = true;
  flow_->give_up("shutdown");
  end();
}

/// What is held is dealt with as if nobody decided, before anything is said (HOLD-5).
void Relay::resolve_held() {
  if (std::exchange(shutting_down_, true)) return;
  start_timer(options_.farewell_timeout, nullptr);
  flow_->decide_all(pipeline::kByShutdown, worker_.now());
  look_after_held();
}

/// Wakes both halves and lets them finish.
void Relay::end() {
  client_->cancel();
  server_->cancel();
  if (timer_) timer_->cancel();
  if (idle_) idle_->cancel();
  if (chores_) chores_->cancel();
  for (auto& half : halves_) {
    if (half.delay != nullptr) half.delay->cancel();
    if (half.parked != nullptr) half.parked->cancel();
  }
}

/// @param reason  what the flow is told when the time is over; null: nothing, it knows already.
void Relay::start_timer(std::chrono::milliseconds patience, const char* reason) {
  if (patience.count() == 0) return;
  if (!timer_) timer_ = std::make_unique<asio::steady_timer>(worker_.io());
  timer_->expires_after(patience);
  timer_->async_wait([self = shared_from_this(), reason](std::error_code cancelled) {
    // It may have run out at the very moment it was set anew.
    if (cancelled || self->running_ == 0 || self->timer_->expiry() > std::chrono::steady_clock::now()) return;
    if (reason != nullptr && self->flow_->holds_any()) {
      self->close_timer_due_ = true;
      return;
    }
    if (reason != nullptr) {
      self->flow_->give_up(reason);
    } else {
      self->cut_ = true;
    }
    self->end();
  });
}

void Relay::watch_idleness() {
  // While wstap itself keeps something back, nobody else is idle.
  if (flow_->holds_any() ||
      std::ranges::any_of(halves_, [](const Half& half) { return half.delay != nullptr && half.writing; }))
    last_activity_ns_ = worker_.now();
  if (!idle_) idle_ = std::make_unique<asio::steady_timer>(worker_.io());
  const auto idle_for = std::chrono::nanoseconds(worker_.now() - last_activity_ns_);
  if (idle_for >= options_.idle_timeout) {
    flow_->give_up("idle_timeout");
    return say_farewell();
  }
  idle_->expires_after(options_.idle_timeout - idle_for);
  idle_->async_wait([self = weak_from_this()](std::error_code cancelled) {
    const auto relay = self.lock();
    if (!cancelled && relay && !relay->farewell_) relay->watch_idleness();
  });
}

void Relay::finish() {
  for (auto& half : halves_) worker_.buffers().set(&half, 0);
  end();
  const auto recorded = flow_->finish(worker_.now());
  if (done_) std::exchange(done_, {})(*this, recorded);
}

}  // namespace wstap::net

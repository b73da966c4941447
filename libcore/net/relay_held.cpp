// SPDX-License-Identifier: Apache-2.0
// What a relay does for frames that wait, held or for the rest of their message: clocks, decisions, and who
// is woken by them (HOLD-1 to HOLD-5).
#include <algorithm>
#include <asio/post.hpp>

#include "libcore/net/relay.h"

namespace wstap::net {

/// The half looks for something to do, wherever it waits.
void Relay::wake(Half& half) {
  half.woken = true;
  if (half.parked != nullptr) {
    half.parked->cancel();
  } else if (half.reads) {
    half.from.interrupt();
  }
}

/// Something changed for what is held, in whichever direction.
void Relay::look_after_held() {
  const auto now = worker_.now();
  for (auto& half : halves_)
    if (!half.woken && flow_->has_chore(half.direction, now)) wake(half);
  if (flow_->holds_any()) return;
  if (std::exchange(close_timer_due_, false) && !farewell_) begin_close_timer();
  if (std::exchange(shutting_down_, false)) shut_down();
}

/// FRM-7: whoever answers a Close may have to wait for what is held before.
void Relay::begin_close_timer() {
  if (flow_->holds_any()) {
    close_timer_due_ = true;
  } else {
    start_timer(options_.close_timeout, "close_timeout");
  }
}

/// Frames do not wait for ever, and while some are held Pings are due.
void Relay::watch_chores() {
  auto due = flow_->next_expiry();
  for (const auto& half : halves_)
    if (const auto chore = half.woken ? std::nullopt : flow_->next_chore(half.direction))
      due = std::min(due.value_or(*chore), *chore);
  if (!due || *due == chores_at_) return;
  chores_at_ = *due;
  if (!chores_) chores_ = std::make_unique<asio::steady_timer>(worker_.io());
  chores_->expires_after(std::chrono::nanoseconds(std::max(UnixNs{0}, *due - worker_.now())));
  chores_->async_wait([self = weak_from_this()](std::error_code cancelled) {
    const auto relay = self.lock();
    if (!cancelled && relay && relay->running_ != 0) relay->begin_chores();
  });
}

void Relay::begin_chores() {
  chores_at_ = 0;
  flow_->expire(worker_.now());
  look_after_held();
  watch_chores();
}

void Relay::review(std::shared_ptr<pipeline::HoldParty> self, pipeline::Review review,
                   std::function<void(pipeline::ReviewAnswer)> done) {
  asio::post(worker_.io(),
             [this, self = std::move(self), review = std::move(review), done = std::move(done)] {
               done(flow_->review(review, worker_.now()));
               if (running_ == 0) return;
               for (auto& half : halves_) account(half);
               look_after_held();
               watch_chores();
             });
}

void Relay::room(std::shared_ptr<pipeline::HoldParty> self) {
  asio::post(worker_.io(), [this, self = std::move(self)] {
    flow_->claim_room(worker_.now());
    if (running_ == 0) return;
    // What is shown now may stop the other direction.
    flow_->expire(worker_.now());
    for (auto& half : halves_)
      if (half.parked != nullptr && !half.ended) wake(half);
    watch_chores();
  });
}

pipeline::ReviewAnswer Relay::inject(pipeline::InjectRequest request) {
  Half& half = halves_[ws::index(request.direction)];
  auto answer = flow_->inject(std::move(request));
  if (answer.result == pipeline::ReviewAnswer::Result::ok) {
    account(half);
    wake(half);
  }
  return answer;
}

void Relay::add_to(pipeline::FlowSummary& summary) const {
  flow_->add_to(summary);
  summary.client = client_->peer();
  summary.server = server_->peer();
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/hold_queue.h"

#include <algorithm>

namespace wstap::pipeline {
namespace {

// Of so many items it is known who decided them: reviewers that come late are told.
constexpr std::size_t kRemembered = 4096;

void tell_of_room(std::shared_ptr<HoldParty> next) {
  HoldParty* const who = next.get();
  if (who != nullptr) who->room(std::move(next));
}

}  // namespace

bool HoldQueue::take_place(std::uint64_t bytes, const HoldSettings& settings) {
  std::shared_ptr<HoldParty> next;
  {
    const std::lock_guard guard(lock_);
    // One frame may be larger than all that may wait together.
    if (frames_ >= settings.capacity || (bytes_ != 0 && bytes_ + bytes > settings.bytes)) return false;
    ++frames_;
    bytes_ += bytes;
    if (frames_ < settings.capacity && bytes_ < settings.bytes) next = next_waiting();
  }
  tell_of_room(std::move(next));
  return true;
}

bool HoldQueue::take_more(std::uint64_t bytes, const HoldSettings& settings) {
  const std::lock_guard guard(lock_);
  if (bytes_ + bytes > settings.bytes) return false;
  bytes_ += bytes;
  return true;
}

void HoldQueue::must_take(std::uint64_t bytes) {
  const std::lock_guard guard(lock_);
  bytes_ += bytes;
}

void HoldQueue::leave_place(std::uint64_t bytes) {
  std::shared_ptr<HoldParty> next;
  {
    const std::lock_guard guard(lock_);
    --frames_;
    bytes_ -= bytes;
    next = next_waiting();
  }
  tell_of_room(std::move(next));
}

bool HoldQueue::has_room(const HoldSettings& settings) const {
  const std::lock_guard guard(lock_);
  return frames_ < settings.capacity && bytes_ < settings.bytes;
}

void HoldQueue::count_turned_away() {
  const std::lock_guard guard(lock_);
  ++counts_.turned_away;
}

void HoldQueue::wait_for_room(std::weak_ptr<HoldParty> party) {
  const std::lock_guard guard(lock_);
  waiting_.push_back(std::move(party));
}

void HoldQueue::pass_on_room() {
  std::shared_ptr<HoldParty> next;
  {
    const std::lock_guard guard(lock_);
    next = next_waiting();
  }
  tell_of_room(std::move(next));
}

void HoldQueue::look_again() {
  std::deque<std::weak_ptr<HoldParty>> all;
  {
    const std::lock_guard guard(lock_);
    all.swap(waiting_);
  }
  for (const auto& each : all) tell_of_room(each.lock());
}

std::shared_ptr<HoldParty> HoldQueue::next_waiting() {
  std::shared_ptr<HoldParty> next;
  while (!next && !waiting_.empty()) {
    next = waiting_.front().lock();
    waiting_.pop_front();
  }
  return next;
}

void HoldQueue::show(HeldItemPtr item, std::weak_ptr<HoldParty> party) {
  const std::lock_guard guard(lock_);
  ++counts_.held;
  numbers_[item->id] = next_number_;
  for (auto* watcher : watchers_) watcher->held(item);
  shown_[next_number_++] = {std::move(item), std::move(party)};
}

void HoldQueue::settle(const Settled& settled) {
  const std::lock_guard guard(lock_);
  const auto found = numbers_.find(settled.id);
  if (found == numbers_.end()) return;
  shown_.erase(found->second);
  numbers_.erase(found);
  count(settled);
  settled_by_[settled.id] = settled.by;
  settled_.push_back(settled.id);
  if (settled_.size() > kRemembered) {
    settled_by_.erase(settled_.front());
    settled_.pop_front();
  }
  for (auto* watcher : watchers_) watcher->settled(settled);
}

void HoldQueue::count(const Settled& settled) {
  counts_.timed_out += settled.by == kByTimeout;
  counts_.released += settled.how == name(Review::Action::release);
  counts_.dropped += settled.how == name(Review::Action::drop);
  counts_.modified +=
      settled.how == name(Review::Action::modify) || settled.how == name(Review::Action::send_raw);
}

std::vector<HeldItemPtr> HoldQueue::all() const {
  std::vector<HeldItemPtr> items;
  items.reserve(shown_.size());
  for (const auto& [number, shown] : shown_) items.push_back(shown.item);
  return items;
}

std::vector<HeldItemPtr> HoldQueue::items() const {
  const std::lock_guard guard(lock_);
  return all();
}

HeldItemPtr HoldQueue::item(HeldId id) const {
  const std::lock_guard guard(lock_);
  const auto found = numbers_.find(id);
  return found == numbers_.end() ? nullptr : shown_.at(found->second).item;
}

void HoldQueue::review(Review review, std::function<void(ReviewAnswer)> done) {
  std::shared_ptr<HoldParty> party;
  ReviewAnswer late{.result = ReviewAnswer::Result::late, .reason = "no such item is held"};
  {
    const std::lock_guard guard(lock_);
    const auto found = numbers_.find(review.id);
    if (found != numbers_.end()) party = shown_.at(found->second).party.lock();
    if (const auto decided = settled_by_.find(review.id); decided != settled_by_.end()) {
      late.by = decided->second;
      late.reason = "it was decided before";
    }
  }
  HoldParty* const whose = party.get();
  if (whose != nullptr) return whose->review(std::move(party), std::move(review), std::move(done));
  done(std::move(late));
}

std::vector<HeldItemPtr> HoldQueue::watch(HoldWatcher& watcher) {
  const std::lock_guard guard(lock_);
  watchers_.push_back(&watcher);
  return all();
}

void HoldQueue::unwatch(HoldWatcher& watcher) {
  const std::lock_guard guard(lock_);
  std::erase(watchers_, &watcher);
}

void HoldQueue::add_to(HoldStats& stats) const {
  const std::lock_guard guard(lock_);
  stats.held_now += shown_.size();
  stats.waiting_frames += frames_;
  stats.waiting_bytes += bytes_;
  stats.held += counts_.held;
  stats.released += counts_.released;
  stats.dropped += counts_.dropped;
  stats.modified += counts_.modified;
  stats.timed_out += counts_.timed_out;
  stats.turned_away += counts_.turned_away;
}

}  // namespace wstap::pipeline

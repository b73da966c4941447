// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/watched_events.h"

namespace wstap::control {

void WatchedEvents::held(const HeldItemPtr& item) {
  std::unique_lock lock(mutex_);
  // Told of twice: what it is now is what counts.
  if (const auto untold = untold_.find(item->id); untold != untold_.end()) {
    untold->second->body = Held{item};
    return;
  }
  untold_[item->id] = events_.insert(events_.end(), Reply{0, Held{item}});
  announce(std::move(lock));
}

void WatchedEvents::settled(const Settled& settled) {
  std::unique_lock lock(mutex_);
  if (const auto untold = untold_.find(settled.id); untold != untold_.end()) {
    events_.erase(untold->second);
    untold_.erase(untold);
  } else if (!begun_) {
    early_.insert(settled.id);
  } else if (told_.erase(settled.id) != 0) {
    events_.push_back({0, settled});
    announce(std::move(lock));
  }
}

void WatchedEvents::begin(const std::vector<HeldItemPtr>& items, std::uint32_t serial) {
  const std::lock_guard lock(mutex_);
  const auto later = events_.begin();
  for (const auto& item : items) {
    if (early_.contains(item->id) || untold_.contains(item->id)) continue;
    untold_[item->id] = events_.insert(later, Reply{0, Held{item}});
  }
  events_.insert(later, Reply{serial, Caught{}});
  early_.clear();
  begun_ = true;
}

std::optional<Reply> WatchedEvents::next() {
  const std::lock_guard lock(mutex_);
  if (!begun_ || events_.empty()) {
    announced_ = false;
    return std::nullopt;
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  if (const auto* held = std::get_if<Held>(&event.body)) {
    untold_.erase(held->item->id);
    told_.insert(held->item->id);
  }
  return event;
}

std::size_t WatchedEvents::waiting() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

void WatchedEvents::announce(std::unique_lock<std::mutex> lock) {
  if (std::exchange(announced_, true)) return;
  lock.unlock();
  changed_();
}

}  // namespace wstap::control

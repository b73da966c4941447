// SPDX-License-Identifier: Apache-2.0
// What one client that watches is still to be told. It takes what others do at once and is emptied as fast as
// the client reads; in between it holds no more than there is at the moment (HOLD-7).
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>

#include "libcore/control/port.h"

namespace wstap::control {

/// An item that is settled before the client was told of it is not told of at all. So what waits here is
/// items that wait themselves, and ends of items that did when the last event was taken.
class WatchedEvents final : public HoldWatcher {
 public:
  /// @param changed  called by any thread when there is something to take again, at most once until next()
  /// found nothing.
  explicit WatchedEvents(std::function<void()> changed) : changed_(std::move(changed)) {}

  // Any thread.
  void held(const HeldItemPtr& item) override;
  void settled(const Settled& settled) override;

  // The client's thread.
  /// @param items  what there was when the watch began, which is told before all else. Some of it may be
  /// settled already, and was then told of above. @param serial  of the wish to watch.
  void begin(const std::vector<HeldItemPtr>& items, std::uint32_t serial);
  /// The next event, as far as it has begun.
  std::optional<Reply> next();
  std::size_t waiting() const;

 private:
  using Events = std::list<Reply>;
  void announce(std::unique_lock<std::mutex> lock);

  std::function<void()> changed_;
  mutable std::mutex mutex_;
  Events events_;
  std::map<HeldId, Events::iterator> untold_;  ///< where in events_ its item waits to be told of
  std::set<HeldId> told_;                      ///< and not yet settled
  std::set<HeldId> early_;                     ///< settled before begin() was called
  bool begun_ = false;
  bool announced_ = false;
};

}  // namespace wstap::control

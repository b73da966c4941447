// SPDX-License-Identifier: Apache-2.0
// All that waits for somebody's decision, in all flows of a proxy: how much may, who is told, and to whom
// decisions go (HOLD-5, HOLD-7). Sans-I/O.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "libcore/pipeline/held.h"
#include "libcore/pipeline/hold_settings.h"

namespace wstap::pipeline {

/// Whoever runs a flow. Any thread may call, and hands over what it has of it: it must end where it lives.
class HoldParty {
 public:
  virtual ~HoldParty() = default;
  /// @param done  is told what came of it, on any thread.
  virtual void review(std::shared_ptr<HoldParty> self, Review review,
                      std::function<void(ReviewAnswer)> done) = 0;
  /// There may be room again: it is to try once more, or to call pass_on_room().
  virtual void room(std::shared_ptr<HoldParty> self) = 0;
};

/// Thread-safe.
class HoldQueue {
 public:
  HoldQueue() = default;
  HoldQueue(const HoldQueue&) = delete;
  HoldQueue& operator=(const HoldQueue&) = delete;

  // By flows.
  /// One frame more waits. @return false: there is no room for it by these settings.
  bool take_place(std::uint64_t bytes, const HoldSettings& settings);
  /// What waits takes more memory: with what was made of it, and is to leave behind it. @return false: there
  /// is no room for that.
  bool take_more(std::uint64_t bytes, const HoldSettings& settings);
  /// ... whether there is room or not.
  void must_take(std::uint64_t bytes);
  /// @param bytes  all that it took.
  void leave_place(std::uint64_t bytes);
  bool has_room(const HoldSettings& settings) const;
  /// For want of room something is not held, though a rule wanted it.
  void count_turned_away();
  /// Is told when a place is left. Parties take turns.
  void wait_for_room(std::weak_ptr<HoldParty> party);
  /// Who was told of room does not need it.
  void pass_on_room();
  /// Settings changed: all who wait are told.
  void look_again();
  /// @param party  to whom decisions about it go.
  void show(HeldItemPtr item, std::weak_ptr<HoldParty> party);
  /// It waits no longer.
  void settle(const Settled& settled);

  // By reviewers. See control::Port.
  std::vector<HeldItemPtr> items() const;
  HeldItemPtr item(HeldId id) const;
  void review(Review review, std::function<void(ReviewAnswer)> done);
  std::vector<HeldItemPtr> watch(HoldWatcher& watcher);
  void unwatch(HoldWatcher& watcher);
  /// Adds what is held, and what became of it so far.
  void add_to(HoldStats& stats) const;

 private:
  struct Shown {
    HeldItemPtr item;
    std::weak_ptr<HoldParty> party;
  };
  std::vector<HeldItemPtr> all() const;
  std::shared_ptr<HoldParty> next_waiting();
  void count(const Settled& settled);

  mutable std::mutex lock_;
  std::map<std::uint64_t, Shown> shown_;     ///< by when they were shown
  std::map<HeldId, std::uint64_t> numbers_;  ///< ... which they are found by
  std::uint64_t next_number_ = 0;
  std::map<HeldId, std::string> settled_by_;      ///< of the last ones: who decided
  std::deque<HeldId> settled_;                    ///< ... oldest first
  std::deque<std::weak_ptr<HoldParty>> waiting_;  ///< for room
  std::vector<HoldWatcher*> watchers_;
  std::uint64_t frames_ = 0, bytes_ = 0;
  HoldStats counts_;
};

}  // namespace wstap::pipeline

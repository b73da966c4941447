// SPDX-License-Identifier: Apache-2.0
// What stands in for a proxy behind a control server: items that a test holds and settles, answers when it
// says so.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "libcore/control/port.h"

namespace wstap::test {

class FakePort final : public control::Port {
 public:
  // What a test does, on any thread.

  void hold(const pipeline::HeldItemPtr& item) {
    const std::lock_guard lock(mutex_);
    items_[item->id] = item;
    for (auto* watcher : watchers_) watcher->held(item);
  }
  void settle(pipeline::HeldId id, std::string how = "release", std::string by = "timeout") {
    const std::lock_guard lock(mutex_);
    if (items_.erase(id) == 0) return;
    for (auto* watcher : watchers_) watcher->settled({id, how, by});
  }
  std::size_t watchers() const {
    const std::lock_guard lock(mutex_);
    return watchers_.size();
  }
  /// Reviews are kept until answer_kept(), instead of answered.
  void keep_reviews(bool keep) { keeps_ = keep; }
  std::size_t kept() const {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }
  void answer_kept() {
    std::deque<std::pair<pipeline::Review, Done<pipeline::ReviewAnswer>>> kept;
    {
      const std::lock_guard lock(mutex_);
      kept.swap(kept_);
    }
    for (auto& [review, done] : kept) done(decide(review));
  }
  /// In the order in which they came.
  std::vector<pipeline::Review> reviews() const {
    const std::lock_guard lock(mutex_);
    return reviews_;
  }
  std::vector<pipeline::InjectRequest> injected() const {
    const std::lock_guard lock(mutex_);
    return injected_;
  }
  mutable std::atomic<std::size_t> asked_for_stats = 0;
  control::Rules rules_in_force{"/rules.toml", 3, {"hold:a"}, ""};
  std::vector<control::FlowSummary> open_flows;

  // What the server asks.

  std::vector<pipeline::HeldItemPtr> items() const override {
    const std::lock_guard lock(mutex_);
    return all_items();
  }
  pipeline::HeldItemPtr item(pipeline::HeldId id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(id);
    return found == items_.end() ? nullptr : found->second;
  }
  void review(pipeline::Review review, Done<pipeline::ReviewAnswer> done) override {
    {
      const std::lock_guard lock(mutex_);
      reviews_.push_back(review);
      if (keeps_) {
        kept_.emplace_back(std::move(review), std::move(done));
        return;
      }
    }
    done(decide(review));
  }
  void inject(pipeline::InjectRequest request, Done<pipeline::ReviewAnswer> done) override {
    {
      const std::lock_guard lock(mutex_);
      injected_.push_back(std::move(request));
    }
    done({});
  }
  void flows(Done<std::vector<control::FlowSummary>> done) override { done(open_flows); }
  void rules(bool reload, Done<control::Rules> done) override {
    auto answer = rules_in_force;
    if (reload) answer.refused = "safety:no-drop-table would be gone";
    done(std::move(answer));
  }
  control::Stats stats() const override {
    ++asked_for_stats;
    return {.flows = 5};
  }
  std::vector<pipeline::HeldItemPtr> watch(pipeline::HoldWatcher& watcher) override {
    const std::lock_guard lock(mutex_);
    watchers_.insert(&watcher);
    return all_items();
  }
  void unwatch(pipeline::HoldWatcher& watcher) override {
    const std::lock_guard lock(mutex_);
    watchers_.erase(&watcher);
  }

 private:
  std::vector<pipeline::HeldItemPtr> all_items() const {
    std::vector<pipeline::HeldItemPtr> all;
    for (const auto& [id, item] : items_) all.push_back(item);
    return all;
  }
  pipeline::ReviewAnswer decide(const pipeline::Review& review) {
    const std::lock_guard lock(mutex_);
    if (items_.erase(review.id) == 0)
      return {pipeline::ReviewAnswer::Result::late, first_[review.id], "it is decided"};
    first_[review.id] = review.by;
    for (auto* watcher : watchers_)
      watcher->settled({review.id, std::string(name(review.action)), review.by});
    return {};
  }

  mutable std::mutex mutex_;
  std::atomic<bool> keeps_ = false;
  std::map<pipeline::HeldId, pipeline::HeldItemPtr> items_;
  std::map<pipeline::HeldId, std::string> first_;
  std::set<pipeline::HoldWatcher*> watchers_;
  std::deque<std::pair<pipeline::Review, Done<pipeline::ReviewAnswer>>> kept_;
  std::vector<pipeline::Review> reviews_;
  std::vector<pipeline::InjectRequest> injected_;
};

}  // namespace wstap::test

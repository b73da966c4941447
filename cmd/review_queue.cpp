// SPDX-License-Identifier: Apache-2.0
#include "cmd/review_queue.h"

namespace wstap::cmd {

std::optional<ReviewQueue::Action> ReviewQueue::add(pipeline::HeldItemPtr item) {
  if (const auto found = standing_.find(item->rules); found != standing_.end()) return found->second;
  ask_about(std::move(item));
  return std::nullopt;
}

void ReviewQueue::ask_about(pipeline::HeldItemPtr item) {
  const auto id = item->id;
  waiting_[id] = items_.insert(items_.end(), std::move(item));
}

bool ReviewQueue::settled(pipeline::HeldId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  items_.erase(found->second);
  waiting_.erase(found);
  return true;
}

pipeline::HeldItemPtr ReviewQueue::next() {
  if (items_.empty()) return nullptr;
  auto item = std::move(items_.front());
  items_.pop_front();
  waiting_.erase(item->id);
  return item;
}

std::vector<pipeline::HeldItemPtr> ReviewQueue::always(const pipeline::HeldItem& item, Action action) {
  standing_[item.rules] = action;
  std::vector<pipeline::HeldItemPtr> same;
  for (const auto& [id, at] : waiting_)
    if ((*at)->rules == item.rules) same.push_back(*at);
  for (const auto& each : same) settled(each->id);
  return same;
}

}  // namespace wstap::cmd

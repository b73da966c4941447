// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/buffer_budget.h"

namespace wstap::net {

void BudgetShare::set(Holder holder, std::uint64_t bytes) {
  const auto known = held_.find(holder);
  const std::uint64_t before = known == held_.end() ? 0 : known->second;
  if (before == bytes) return;
  // Unsigned arithmetic wraps: adding a negative difference subtracts.
  budget_.total_.fetch_add(bytes - before, std::memory_order_relaxed);
  if (bytes != 0) {
    held_[holder] = bytes;
    return;
  }
  held_.erase(known);
  if (reads_on_ == holder) reads_on_ = nullptr;
}

bool BudgetShare::may_read(Holder holder) {
  if (!budget_.exceeded()) {
    reads_on_ = nullptr;
    return true;
  }
  if (!held_.contains(holder)) return true;
  if (reads_on_ == nullptr) reads_on_ = holder;
  return reads_on_ == holder;
}

}  // namespace wstap::net

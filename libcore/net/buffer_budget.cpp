// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/buffer_budget.h"

namespace wstap::net {

void BudgetShare::set(Holder holder, std::uint64_t bytes) {
  const auto known = held_.find(holder);
  const std::uint64_t before = known == held_.end() ? 0 : known->second;
  if (before == bytes) return;
  // Unsigned arithmetic wraps: adding a negative difference subtracts.
  budget_.total_.fetch_add(bytes - before, std::memory_order_relaxed);
  if (before != 0) by_size_.erase({before, holder});
  if (bytes == 0) {
    held_.erase(known);
    return;
  }
  held_[holder] = bytes;
  by_size_.emplace(bytes, holder);
}

bool BudgetShare::may_read(Holder holder) const {
  if (!budget_.exceeded()) return true;
  const auto known = held_.find(holder);
  return known == held_.end() || by_size_.begin()->second == holder;
}

}  // namespace wstap::net

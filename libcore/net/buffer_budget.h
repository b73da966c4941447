// SPDX-License-Identifier: Apache-2.0
// The bound on all buffered bytes (LIM-4, --max-buffered): when it is reached, reading pauses.
#pragma once

#include <atomic>
#include <cstdint>
#include <unordered_map>

#include "libcore/pipeline/buffer_gauge.h"

namespace wstap::net {

/// Shared by all workers.
class BufferBudget final : public pipeline::BufferGauge {
 public:
  explicit BufferBudget(std::uint64_t limit_bytes) noexcept : limit_(limit_bytes) {}
  bool exceeded() const noexcept { return total_.load(std::memory_order_relaxed) > limit_; }
  bool has_room(std::uint64_t bytes) const noexcept override { return total() + bytes <= limit_; }
  std::uint64_t limit() const noexcept { return limit_; }
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

 private:
  friend class BudgetShare;
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> total_{0};
};

/// One worker's holders of buffered bytes.
class BudgetShare {
 public:
  /// A holder is whoever buffers: identified by its address, which it must not reuse while it holds anything.
  using Holder = const void*;

  explicit BudgetShare(BufferBudget& budget) noexcept : budget_(budget) {}

  /// `holder` now buffers `bytes` in all; 0 forgets it.
  void set(Holder holder, std::uint64_t bytes);

  /// While the budget is exceeded one of each worker's holders reads on, so that somebody always comes to an
  /// end: the first that asks, until it holds nothing. Every other holder pauses. (If the smallest at any
  /// moment went on instead, all would grow in turn, and there would be no bound.) Who holds nothing may
  /// read: small frames pass.
  bool may_read(Holder holder);

  const BufferBudget& budget() const noexcept { return budget_; }

 private:
  BufferBudget& budget_;
  std::unordered_map<Holder, std::uint64_t> held_;
  Holder reads_on_ = nullptr;  ///< null: nobody had to be chosen
};

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/slab.h"

#include <utility>

namespace wstap::net {
namespace {
constexpr std::size_t kSpares = 4;
}

Slab& Slab::operator=(Slab&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(pool_, other.pool_);
  return *this;
}

Slab::~Slab() {
  if (memory_) pool_->give_back(std::move(memory_));
}

Slab SlabPool::take() {
  if (spare_.empty()) return {std::make_unique_for_overwrite<std::byte[]>(kSlabBytes), this};
  auto memory = std::move(spare_.back());
  spare_.pop_back();
  return {std::move(memory), this};
}

void SlabPool::give_back(std::unique_ptr<std::byte[]> memory) {
  if (spare_.size() < kSpares) spare_.push_back(std::move(memory));
}

}  // namespace wstap::net

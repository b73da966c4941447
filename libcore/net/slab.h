// SPDX-License-Identifier: Apache-2.0
// The buffers a worker reads into. One is enough as long as nothing has to wait; a flow that must wait for
// its peer takes the slab along and the worker goes on with another.
#pragma once

#include <memory>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::net {

/// Holds three 64 KiB frames with their headers: larger ones are collected by their flow.
constexpr std::size_t kSlabBytes = 256 * 1024;

class SlabPool;

/// One buffer, on loan from its pool for as long as this lives. Movable.
class Slab {
 public:
  Slab() = default;
  Slab(Slab&&) noexcept = default;
  Slab& operator=(Slab&& other) noexcept;
  ~Slab();

  MutableBytes bytes() noexcept { return {memory_.get(), kSlabBytes}; }
  explicit operator bool() const noexcept { return memory_ != nullptr; }

 private:
  friend class SlabPool;
  Slab(std::unique_ptr<std::byte[]> memory, SlabPool* pool) : memory_(std::move(memory)), pool_(pool) {}
  std::unique_ptr<std::byte[]> memory_;
  SlabPool* pool_ = nullptr;
};

/// Keeps a few slabs warm; one thread.
class SlabPool {
 public:
  Slab take();

 private:
  friend class Slab;
  void give_back(std::unique_ptr<std::byte[]> memory);
  std::vector<std::unique_ptr<std::byte[]>> spare_;
};

}  // namespace wstap::net

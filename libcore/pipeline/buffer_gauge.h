// SPDX-License-Identifier: Apache-2.0
// How much may still wait in memory (LIM-4).
#pragma once

#include <cstdint>

namespace wstap::pipeline {

/// Of all flows together. Thread-safe.
class BufferGauge {
 public:
  virtual ~BufferGauge() = default;
  /// So many bytes more may wait.
  virtual bool has_room(std::uint64_t bytes) const noexcept = 0;
};

}  // namespace wstap::pipeline

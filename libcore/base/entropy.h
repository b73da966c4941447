// SPDX-License-Identifier: Apache-2.0
// Unpredictable bytes come in from outside, so that tests can choose them.
#pragma once

#include <array>

#include "libcore/base/bytes.h"

namespace wstap {

class Entropy {
 public:
  virtual ~Entropy() = default;
  /// Fills all of `out`. Never fails: a machine without randomness is a reason to abort.
  virtual void fill(MutableBytes out) = 0;
};

/// getrandom(2) in blocks of 4 KiB, each byte given out once. Not for use by two threads at a time.
class SystemEntropy final : public Entropy {
 public:
  void fill(MutableBytes out) override;

 private:
  std::array<std::byte, 4096> block_{};
  std::size_t used_ = block_.size();
};

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// Unpredictable bytes come in from outside, so that tests can choose them.
#pragma once

#include "libcore/base/bytes.h"

namespace wstap {

class Entropy {
 public:
  virtual ~Entropy() = default;
  /// Fills all of `out`. Never fails: a machine without randomness is a reason to abort.
  virtual void fill(MutableBytes out) = 0;
};

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// How many frames that bring nothing a peer may send: so many at a time, and so many a second (H2-4). No
// clock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "libcore/base/clock.h"

namespace wstap::h2 {

class IdleGauge {
 public:
  IdleGauge(std::uint32_t at_a_time, std::uint32_t per_second) noexcept
      : most_(at_a_time), per_second_(per_second), left_(at_a_time) {}

  /// Counts one frame. @return false: it was one too many.
  bool take(UnixNs now) noexcept {
    // A wall clock may be set back; the time in between is not counted twice then.
    const UnixNs passed = std::max<UnixNs>(0, now - at_);
    at_ = now;
    left_ = std::min(most_, left_ + static_cast<double>(passed) * per_second_ / 1e9);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double most_, per_second_, left_;
  UnixNs at_ = 0;
};

}  // namespace wstap::h2

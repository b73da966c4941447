// SPDX-License-Identifier: Apache-2.0
// Time comes in from outside, so that protocol code and tests need no real clock.
#pragma once

#include <cstdint>

namespace wstap {

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
using UnixNs = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixNs now_ns() = 0;  ///< wall-clock time
};

/// The machine's own clock (CLOCK_REALTIME).
class SystemClock final : public Clock {
 public:
  UnixNs now_ns() override;
};

}  // namespace wstap

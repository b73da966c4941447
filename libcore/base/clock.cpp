// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/clock.h"

#include <chrono>

namespace wstap {

UnixNs SystemClock::now_ns() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count();
}

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until a test moves it.
#pragma once

#include <chrono>

#include "libcore/base/clock.h"

namespace wstap::test {

class FakeClock final : public Clock {
 public:
  UnixNs now = 1'700'000'000'000'000'000;

  UnixNs now_ns() override { return now; }
  void advance(std::chrono::nanoseconds by) { now += by.count(); }
};

}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// What must hold of any input, said by the line that asks.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace wstap::test {

inline void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "line %u does not hold\n", static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace wstap::test

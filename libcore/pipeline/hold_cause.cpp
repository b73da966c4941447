// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/hold_cause.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libcore/pipeline/envelope.h"

namespace wstap::pipeline {

std::string hold_cause(const std::vector<std::string>& rules) {
  return fmt::format("{}{}", kHeldBy, fmt::join(rules, ","));
}

}  // namespace wstap::pipeline

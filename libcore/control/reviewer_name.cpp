// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/reviewer_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "libcore/control/port.h"
#include "libcore/ws/utf8.h"

namespace wstap::control {
namespace {

// Who settled an item when no reviewer did.
constexpr std::array<std::string_view, 4> kTaken = {pipeline::kByTimeout, pipeline::kByShutdown,
                                                    pipeline::kByEnd, pipeline::kByMessage};

}  // namespace

std::string fault_of_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.size() <= kMaxNameBytes && ws::is_utf8(as_bytes(name)) &&
      std::ranges::find(kTaken, name) == kTaken.end() && std::ranges::none_of(name, is_control))
    return {};
  return fmt::format("a name is text of at most {} bytes without control characters, and none of {}",
                     kMaxNameBytes, fmt::join(kTaken, ", "));
}

}  // namespace wstap::control

// SPDX-License-Identifier: Apache-2.0
// What somebody may have meant who mistyped a name.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace wstap {

/// The name that is the fewest insertions, removals, replacements and swaps of neighbours away from `typed`,
/// if they are few enough for a typing error; else empty.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> names);

/// " (did you mean 'opcode'?)", or nothing.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> names);

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// Taking a variable's value from what a frame or a message says (PIPE-6).
#pragma once

#include <optional>

#include "libcore/filter/json_values.h"
#include "libcore/filter/pattern.h"
#include "libcore/steps/template.h"

namespace wstap::steps {

/// Where it is: by one of these.
struct Extraction {
  std::size_t variable = 0;  ///< index in the macro's list of names
  std::optional<filter::JsonPointer> json;
  std::optional<filter::Pattern> pattern;  ///< its first group, or where it has none all of the match
};

/// Longer values are not taken.
constexpr std::size_t kLongestVariable = std::size_t{64} << 10;

/// @return none: it is not there, or is no UTF-8.
std::optional<Variable> extract(const Extraction& extraction, Bytes payload);

}  // namespace wstap::steps

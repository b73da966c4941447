// SPDX-License-Identifier: Apache-2.0
// [[macro]] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// @return none: something is wrong with it, which is a fault.
std::optional<steps::Macro> read_macro(const toml::table& table, Faults& faults);

}  // namespace wstap::rules

// SPDX-License-Identifier: Apache-2.0
// [[transform]] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

using VariableNames = std::vector<std::string>;

/// @param variables  that a macro's rule may use; null: it is a rule of its own, and '$' has no meaning but
/// in `replace`.
/// @return none: something is wrong with it, which is a fault.
std::optional<steps::TransformRule> read_transform(const toml::table& table, const VariableNames* variables,
                                                   Faults& faults);

}  // namespace wstap::rules

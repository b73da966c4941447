// SPDX-License-Identifier: Apache-2.0
// [[limit]] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// @return none: something is a fault.
std::optional<pipeline::Limit> read_limit(const toml::table& table, Faults& faults);

}  // namespace wstap::rules

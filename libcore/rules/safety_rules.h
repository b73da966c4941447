// SPDX-License-Identifier: Apache-2.0
// [safety] of a rules file, and its [[safety.input]] and [[safety.output]].
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// @param safety  the table; null: there is none. @return what could be read; what could not is a fault.
/// @param output  gets the rules about what is recorded.
steps::SafetyInput read_safety(const toml::table* safety, std::vector<steps::OutputRule>& output,
                               Faults& faults);

}  // namespace wstap::rules

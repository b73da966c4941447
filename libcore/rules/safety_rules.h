// SPDX-License-Identifier: Apache-2.0
// [safety] and [[safety.input]] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// @param safety  the table; null: there is none. @return what could be read; what could not is a fault.
steps::SafetyInput read_safety(const toml::table* safety, Faults& faults);

}  // namespace wstap::rules

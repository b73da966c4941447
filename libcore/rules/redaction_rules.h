// SPDX-License-Identifier: Apache-2.0
// [[safety.output]] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// @param safety  has them. @return what could be read; what could not is a fault.
std::vector<steps::OutputRule> read_redactions(Table& safety, Faults& faults);

}  // namespace wstap::rules

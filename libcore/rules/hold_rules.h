// SPDX-License-Identifier: Apache-2.0
// [[hold]] and [hold_queue]: which frames wait for somebody's decision, and how long.
#pragma once

#include "libcore/rules/table.h"
#include "libcore/steps/intercept.h"

namespace wstap::rules {

/// @return none: there are faults.
std::optional<steps::HoldRule> read_hold(const toml::table& table, Faults& faults);
/// What the table says is set, the rest stays.
void read_hold_queue(const toml::table& table, pipeline::HoldSettings& settings, Faults& faults);

}  // namespace wstap::rules

// SPDX-License-Identifier: Apache-2.0
// What a safety rule looks for: `pattern`, or `preset`, and `validator`.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// Fills patterns, replacement and id; what is wrong is a fault. @param table  is the rule's.
void read_patterns(Table& rule, const toml::table& table, steps::RuleSpec& made);

/// The whole rule: where it has no id, or does not compile, there is a fault.
void check_rule(Table& rule, const toml::table& table, const steps::RuleSpec& made);

}  // namespace wstap::rules

// SPDX-License-Identifier: Apache-2.0
// [scope] and [capture] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// What may be reached. @param scope  what goes where nothing is said. What cannot be read is a fault.
void read_scope(const toml::table& table, pipeline::Scope& scope, Faults& faults);

/// A list of targets, which may be absent, and empty only where that means the same.
std::vector<pipeline::TargetPattern> read_targets(Table& table, std::string_view key, bool may_be_empty);

/// Which flows are recorded; none: all.
std::optional<filter::Filter> read_capture_scope(const toml::table& table, Faults& faults);

}  // namespace wstap::rules

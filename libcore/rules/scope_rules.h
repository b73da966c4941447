// SPDX-License-Identifier: Apache-2.0
// [scope] and [capture] of a rules file.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// What may be reached. @return what could be read; what could not is a fault.
pipeline::Scope read_scope(const toml::table& table, Faults& faults);

/// A list of targets. @param key  where it is in `table`; may be absent.
std::vector<pipeline::TargetPattern> read_targets(Table& table, std::string_view key);

/// Which flows are recorded; none: all.
std::optional<filter::Filter> read_capture_scope(const toml::table& table, Faults& faults);

}  // namespace wstap::rules

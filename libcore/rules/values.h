// SPDX-License-Identifier: Apache-2.0
// Values of a rules file that have a meaning of their own: filters, patterns, JSON.
#pragma once

#include <array>

#include "libcore/filter/filter.h"
#include "libcore/rules/table.h"

namespace wstap::rules {

/// direction = "send", "receive" or "both", by ws::index; none: nothing is said.
std::optional<std::array<bool, 2>> read_directions(Table& table);

/// An expression of wstap-filter(7).
std::optional<filter::Filter> read_filter(Table& table, std::string_view key);

/// A value of TOML as JSON: text, numbers, true and false, lists, tables. Times become text.
/// @return none: it has infinity or NaN, which are not of JSON.
std::optional<std::string> json_of(const toml::node& value);

}  // namespace wstap::rules

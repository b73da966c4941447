// SPDX-License-Identifier: Apache-2.0
// Values of a rules file that have a meaning of their own: filters, patterns, JSON.
#pragma once

#include "libcore/filter/filter.h"
#include "libcore/rules/table.h"

namespace wstap::rules {

/// An expression of wstap-filter(7).
std::optional<filter::Filter> read_filter(Table& table, std::string_view key);

/// A value of TOML as JSON: text, numbers, true and false, lists, tables. Times become text.
std::string json_of(const toml::node& value);

}  // namespace wstap::rules

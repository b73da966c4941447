// SPDX-License-Identifier: Apache-2.0
// Values of a rules file that have a meaning of their own: filters, patterns, JSON.
#pragma once

#include "libcore/filter/filter.h"
#include "libcore/filter/pattern.h"
#include "libcore/rules/table.h"

namespace wstap::rules {

/// An expression of wstap-filter(7).
std::optional<filter::Filter> read_filter(Table& table, std::string_view key);
std::optional<filter::Pattern> read_pattern(Table& table, std::string_view key);

/// Text with $0 to $9 for what groups of `pattern` matched and $$ for a dollar sign, in RE2's own form.
/// @return none: it names a group that the pattern does not have, which is a fault at `at`.
std::optional<std::string> rewriting(Table& table, const toml::node& at, const filter::Pattern& pattern,
                                     std::string_view text);

/// A value of TOML as JSON: text, numbers, true and false, lists, tables. Times become text.
std::string json_of(const toml::node& value);

}  // namespace wstap::rules

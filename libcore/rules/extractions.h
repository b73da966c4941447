// SPDX-License-Identifier: Apache-2.0
// `extract` of a macro's rules.
#pragma once

#include "libcore/rules/table.h"

namespace wstap::rules {

/// The names that the rules of a macro extract, each once. @param rules  what is wrong with them is found
/// when they are read.
std::vector<std::string> extracted_names(const std::vector<const toml::table*>& rules);

/// @param names  of the macro's variables.
std::vector<steps::Extraction> read_extractions(Table& rule, const std::vector<std::string>& names,
                                                Faults& faults);

}  // namespace wstap::rules

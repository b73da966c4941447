// SPDX-License-Identifier: Apache-2.0
// Rules files on disk: read whole, or refused with all that is wrong with them.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "libcore/rules/rule_set.h"

namespace wstap::cmd {

/// @return else what is wrong, a line or a few each: "FILE:LINE:COLUMN: ...".
std::expected<rules::RuleSet, std::vector<std::string>> read_rules(const std::string& path);

/// "1 safety rule, 2 transforms, 0 macros"
std::string summary(const rules::RuleSet& rules);

}  // namespace wstap::cmd

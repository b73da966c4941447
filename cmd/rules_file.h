// SPDX-License-Identifier: Apache-2.0
// Rules files on disk: read whole, or refused with all that is wrong with them.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "cmd/command.h"
#include "libcore/rules/rule_set.h"

namespace wstap::cmd {

/// @return else what is wrong, a line or a few each: "FILE:LINE:COLUMN: ...".
std::expected<rules::RuleSet, std::vector<std::string>> read_rules(const std::string& path);

/// The same, also of "-", standard input; what is wrong is said as `command`'s. @return none: something is.
std::optional<rules::RuleSet> load_rules(const std::string& path, std::string_view command, Io& io);

/// "1 safety rule, 0 redactions, 2 transforms, 0 macros"
std::string summary(const rules::RuleSet& rules);

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// The patterns behind the presets, by what they are about.
#pragma once

#include <string>
#include <vector>

#include "libcore/steps/rule_list.h"

namespace wstap::steps {

/// Where a find may begin: at a border of words, or behind an escape of JSON's or of URLs'.
inline const std::string kBegin = R"re((?:\b|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}))re";

std::vector<PatternSpec> destructive_sql_patterns();
std::vector<PatternSpec> destructive_os_command_patterns();

std::vector<PatternSpec> credit_card_patterns();
std::vector<PatternSpec> email_patterns();
std::vector<PatternSpec> japan_my_number_patterns();
std::vector<PatternSpec> japan_phone_patterns();

std::vector<PatternSpec> bearer_token_patterns();
std::vector<PatternSpec> aws_key_patterns();
std::vector<PatternSpec> private_key_patterns();
std::vector<PatternSpec> auth_headers_patterns();

}  // namespace wstap::steps

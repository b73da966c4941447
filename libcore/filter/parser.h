// SPDX-License-Identifier: Apache-2.0
// The grammar of the filter language:
//
//     any   = all *(("or" | "||") all)
//     all   = one *(("and" | "&&") one)
//     one   = ("not" | "!") one | "(" any ")" | word | field [op value | "in" set]
//     field = NAME | "json" "(" STRING ")"
//     set   = "{" item *("," item) "}"        item = value | NUMBER ".." NUMBER
#pragma once

#include "libcore/filter/syntax.h"

namespace wstap::filter {

/// @error syntax, unknown_name, too_complex
Result<std::unique_ptr<Expression>> parse(std::string_view expression);

/// A field alone, as a column is named.
/// @error syntax, unknown_name
Result<FieldUse> parse_field(std::string_view text);

}  // namespace wstap::filter

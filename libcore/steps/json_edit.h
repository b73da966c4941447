// SPDX-License-Identifier: Apache-2.0
// Setting a value in a JSON document: every other byte stays as it is (PIPE-6).
#pragma once

#include <optional>
#include <string_view>

#include "libcore/filter/json_values.h"

namespace wstap::steps {

/// Puts `value`, which is JSON, where `pointer` points. A member that its object does not have is added
/// behind the others, and so is an element whose index is the array's length, or "-".
/// @return none: the document is not JSON, or has no place for it.
std::optional<Buffer> set_json(Bytes document, const filter::JsonPointer& pointer, std::string_view value);

}  // namespace wstap::steps

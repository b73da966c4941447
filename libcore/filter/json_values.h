// SPDX-License-Identifier: Apache-2.0
// Values in a JSON document, found by JSON pointers (RFC 6901) in one pass that keeps nothing else of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::filter {

/// "/orders/0/id", in its parts, unescaped. "": the whole document.
using JsonPointer = std::vector<std::string>;
/// None: it does not begin with '/', or has a '~' that is no escape.
std::optional<JsonPointer> parse_json_pointer(std::string_view text);

struct JsonValue {
  enum class Kind : std::uint8_t { absent, null, boolean, number, string, array, object };
  Kind kind = Kind::absent;
  std::string text;                ///< of a string: what it says; of a boolean or a number: as written
  std::size_t begin = 0, end = 0;  ///< bytes of the document that are the value, quotes and brackets included
};

/// The value of each pointer; of a name that an object has twice, the last, as JSON.parse takes it.
/// @return none when `document` is not JSON, whole: RFC 8259, or what JsonScanner reads beyond that.
std::optional<std::vector<JsonValue>> find_json_values(Bytes document, std::span<const JsonPointer> pointers);

/// RFC 8259, strictly.
bool is_json(std::string_view text);

}  // namespace wstap::filter

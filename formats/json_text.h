// SPDX-License-Identifier: Apache-2.0
// A text as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace wstap::formats {

/// Appends `text`, which is UTF-8, as it stands between the quotes of a JSON string (RFC 8259 section 7). All
/// control characters are escaped, DEL and C1 too, so that a terminal may be shown it (INS-5).
void append_json_text(std::string& out, std::string_view text);

/// `text` in quotes, escaped. Bytes that are not UTF-8 are made printable first: "\xff".
std::string json_string(std::string_view text);

}  // namespace wstap::formats

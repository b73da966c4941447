// SPDX-License-Identifier: Apache-2.0
// Bytes as text and back: hexadecimal and base64 (RFC 4648 section 4, with padding).
#pragma once

#include <optional>
#include <string>

#include "libcore/base/bytes.h"

namespace wstap {

/// Lower-case hexadecimal, two digits a byte, no separators.
std::string to_hex(Bytes bytes);

/// The bytes of `text`; white space between digits is allowed. Nothing for an odd number of digits or any
/// other character.
std::optional<Buffer> from_hex(std::string_view text);

std::string to_base64(Bytes bytes);

/// Strict: padded, no white space, no bits beyond the last byte.
std::optional<Buffer> from_base64(std::string_view text);

}  // namespace wstap

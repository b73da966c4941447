// SPDX-License-Identifier: Apache-2.0
// Text that a terminal can be shown: whatever a peer sent, no control character gets through raw (INS-5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libcore/base/bytes.h"

namespace wstap {

/// `text` with \n, \r, \t and \\ escaped by those letters; C0 and C1 controls, DEL, bidirectional overrides
/// and bytes that are not UTF-8 as \xNN or \u{NNNN}. Everything else stays.
std::string printable(std::string_view text);

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  ///< 0: none, or no UTF-8
};
/// The character that `text` begins with, if it acts on a terminal, or on how the text around it is read,
/// instead of being shown: controls, marks of direction, line separators, what has no width.
Character acting_character(std::string_view text) noexcept;

/// The same, at most `max_bytes` of the input (cut between two characters), appended to `out`.
/// @return whether all of the input was used.
bool append_printable(std::string& out, Bytes text, std::size_t max_bytes);

}  // namespace wstap

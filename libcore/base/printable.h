// SPDX-License-Identifier: Apache-2.0
// Text that a terminal can be shown: whatever a peer sent, no control character gets through raw (INS-5).
#pragma once

#include <string>
#include <string_view>

#include "libcore/base/bytes.h"

namespace wstap {

/// `text` with \n, \r, \t and \\ escaped by those letters; C0 and C1 controls, DEL, bidirectional overrides
/// and bytes that are not UTF-8 as \xNN or \u{NNNN}. Everything else stays.
std::string printable(std::string_view text);

/// The same, at most `max_bytes` of the input (cut between two characters), appended to `out`.
/// @return whether all of the input was used.
bool append_printable(std::string& out, Bytes text, std::size_t max_bytes);

}  // namespace wstap

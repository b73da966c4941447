// SPDX-License-Identifier: Apache-2.0
// What a terminal would act upon instead of showing it (INS-5).
#pragma once

#include <string_view>

namespace wstap::test {

/// `text` holds a control character (C0, DEL, C1 as UTF-8) other than the line ends of what is printed.
inline bool acts_on_terminal(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if ((c < 0x20 && c != '\n') || c == 0x7f) return true;
    if (c == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace wstap::test

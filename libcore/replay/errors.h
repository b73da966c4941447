// SPDX-License-Identifier: Apache-2.0
// What keeps a recording from being replayed.
#pragma once

#include <system_error>

namespace wstap::replay {

enum class Errc {
  no_beginning = 1,  ///< the recording begins in the middle of the flow
  not_recorded,      ///< a payload was cut, withheld or is missing
  not_readable,      ///< a compressed message that could not be inflated
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

}  // namespace wstap::replay

template <>
struct std::is_error_code_enum<wstap::replay::Errc> : std::true_type {};

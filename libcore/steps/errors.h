// SPDX-License-Identifier: Apache-2.0
// What makes a rule unusable. Error::detail begins with the rule's id, Error::offset is where in the
// replacement.
#pragma once

#include <system_error>

#include "libcore/base/result.h"

namespace wstap::steps {

enum class Errc {
  bad_pattern = 1,
  bad_replacement,
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

}  // namespace wstap::steps

template <>
struct std::is_error_code_enum<wstap::steps::Errc> : std::true_type {};

// SPDX-License-Identifier: Apache-2.0
// What makes a filter expression unusable, and how a person is shown it. Error::offset is where in the
// expression.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "libcore/base/result.h"

namespace wstap::filter {

enum class Errc {
  syntax = 1,
  unknown_name,
  wrong_type,
  bad_pattern,
  too_complex,
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// The fault, and under it the expression with a mark at the place:
///
///     column 10: unknown name: 'opcodee' (did you mean 'opcode'?)
///       send and opcodee == text
///                ^
std::string explain(std::string_view expression, const Error& error);

}  // namespace wstap::filter

template <>
struct std::is_error_code_enum<wstap::filter::Errc> : std::true_type {};

// SPDX-License-Identifier: Apache-2.0
// What goes wrong with captures; what the system says stays a std::generic_category code.
#pragma once

#include <string>
#include <system_error>

#include "libcore/base/result.h"

namespace wstap::formats {

enum class Errc {
  truncated = 1,  ///< the last record is torn; everything before it is sound
  corrupt,        ///< a record makes no sense
  bad_magic,      ///< not a capture
  newer_version,  ///< a capture of a later format
  record_too_large,
  reader_gone,  ///< nobody reads the pipe any more
  exists,       ///< the file is there already
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// What is in the place of a file that is to be made, and what to do about it.
std::unexpected<Error> in_the_way(const std::string& path);

}  // namespace wstap::formats

template <>
struct std::is_error_code_enum<wstap::formats::Errc> : std::true_type {};

// SPDX-License-Identifier: Apache-2.0
// What makes a head or a body unacceptable. Most of these are shapes that two parsers could read differently
// (UPG-9).
#pragma once

#include <system_error>

namespace wstap::http1 {

enum class Errc {
  head_too_large = 1,
  too_many_fields,
  bad_request_line,
  bad_status_line,
  bad_version,
  bad_field_name,
  space_before_colon,
  missing_colon,
  obs_fold,
  bare_lf,
  bare_cr,
  control_character,
  two_hosts,
  missing_host,
  bad_host,
  two_content_lengths,
  bad_content_length,
  length_with_transfer_encoding,
  bad_transfer_encoding,
  bad_target,
  bad_chunk,
  trailers_too_large,
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// The status that tells a client about a fault in its own request: 400, 431 or 505.
int status_for(const std::error_code& code) noexcept;

}  // namespace wstap::http1

template <>
struct std::is_error_code_enum<wstap::http1::Errc> : std::true_type {};

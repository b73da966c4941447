// SPDX-License-Identifier: Apache-2.0
// What ends an HTTP/2 connection, or keeps a request from being sent.
#pragma once

#include <system_error>

namespace wstap::h2 {

enum class Errc {
  bad_preface = 1,   ///< what came first is no HTTP/2
  protocol,          ///< RFC 9113 was broken; the detail says how
  flooded,           ///< too many frames that bring nothing (H2-4)
  too_many_streams,  ///< no further request can be sent on this connection
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

}  // namespace wstap::h2

template <>
struct std::is_error_code_enum<wstap::h2::Errc> : std::true_type {};

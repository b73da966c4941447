// SPDX-License-Identifier: Apache-2.0
// What goes wrong between a proxy and those who review what it holds, apart from what the kernel says (that
// stays a std::generic_category code).
#pragma once

#include <system_error>

namespace wstap::control {

enum class Errc {
  connect_failed = 1,  ///< nobody listens at the socket any more
  timed_out,
  peer_closed,    ///< end of stream where more was due
  protocol,       ///< the other end is no wstap
  other_version,  ///< it speaks another version of the protocol
  refused,        ///< it understood, and does not want to
  address_in_use,
  not_private,  ///< others could reach what must be this user's alone
  not_ours,     ///< another user's process is at the other end
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

}  // namespace wstap::control

template <>
struct std::is_error_code_enum<wstap::control::Errc> : std::true_type {};

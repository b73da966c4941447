// SPDX-License-Identifier: Apache-2.0
// What goes wrong on the way to a peer, apart from what the kernel says (that stays a std::generic_category
// code).
#pragma once

#include <system_error>

namespace wstap::net {

enum class Errc {
  resolve_failed = 1,  ///< the name has no address
  connect_failed,      ///< no address accepted a connection; the detail says why, address by address
  timed_out,
  self_dial,    ///< the target is wstap itself
  peer_closed,  ///< end of stream where more was due
  protocol,     ///< the peer does not speak what it must here
  cancelled,    ///< wstap is stopping
  address_in_use,
  bad_address,
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// The HTTP status that tells a client about it: 502, 504 or 403.
int http_status_for(const std::error_code& code) noexcept;
/// The SOCKS5 reply that does (RFC 1928 section 6).
unsigned char socks_reply_for(const std::error_code& code) noexcept;

}  // namespace wstap::net

template <>
struct std::is_error_code_enum<wstap::net::Errc> : std::true_type {};

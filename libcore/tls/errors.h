// SPDX-License-Identifier: Apache-2.0
// What goes wrong with TLS and with the certificate authority's files.
#pragma once

#include <string>
#include <system_error>

namespace wstap::tls {

enum class Errc {
  handshake_failed = 1,
  not_trusted,      ///< the upstream's certificate did not verify; the detail says why
  not_tls,          ///< no ClientHello where one was due
  bad_file,         ///< a certificate or key cannot be read or parsed
  key_permissions,  ///< a private key that others can read
  mismatch,         ///< certificate and key do not belong together, or it is no CA
  openssl,          ///< the library refused; the detail has its reason
  refused,          ///< the peer ended the handshake, with an alert or without; the detail says how
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// The oldest of OpenSSL's queued errors as text, or `otherwise`; empties the queue.
std::string openssl_reason(std::string otherwise = "unknown");

}  // namespace wstap::tls

template <>
struct std::is_error_code_enum<wstap::tls::Errc> : std::true_type {};

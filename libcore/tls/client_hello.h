// SPDX-License-Identifier: Apache-2.0
// What a ClientHello says (RFC 8446 4.1.2, RFC 6066, RFC 7301), read without OpenSSL: it decides which leaf a
// client is shown, and is its fingerprint. The bytes are hostile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::tls {

struct ClientHello {
  std::uint16_t legacy_version = 0;
  std::vector<std::uint16_t> ciphers;
  std::vector<std::uint16_t> extensions;  ///< types, in order
  std::string server_name;                ///< empty when there is none
  std::vector<std::string> alpn;
  std::vector<std::uint16_t> groups;
  std::vector<std::uint8_t> point_formats;
  std::vector<std::uint16_t> signature_algorithms;
  std::vector<std::uint16_t> versions;  ///< supported_versions
  bool operator==(const ClientHello&) const = default;
};

/// Reads the hello at the start of a connection, which may be split over segments and over records.
/// @param so_far  all bytes of the connection so far.
/// @return nothing while it is incomplete.
/// @error not_tls: no handshake record, no ClientHello, over 64 KiB, or lengths that do not add up.
Result<std::optional<ClientHello>> parse_client_hello(Bytes so_far);

/// RFC 8701: values that mean nothing, and change.
constexpr bool is_grease(std::uint16_t value) noexcept {
  return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/// "771,4865-...,0-23-...,29-23-24,0": JA3 before hashing.
std::string ja3_text(const ClientHello& hello);
/// Its MD5 in hex.
std::string ja3(const ClientHello& hello);
/// "t13d1516h2_8daaf6152771_b186095e22b6".
std::string ja4(const ClientHello& hello);

}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// Where a request wants to go: request targets (RFC 9112 3.2), Host, and the URLs users type.
#pragma once

#include "libcore/base/result.h"

namespace wstap::http1 {

/// A host and a port.
struct Authority {
  std::string host;  ///< as written, without the brackets of an IPv6 literal
  std::uint16_t port = 0;

  /// "host:80", "[::1]:80".
  std::string text() const;
  bool operator==(const Authority&) const = default;
};

/// @param default_port  0: the port must be there.
/// @error bad_target with what is wrong.
Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port);

struct Url {
  std::string scheme;      ///< lower case: http, https, ws, wss
  Authority authority;     ///< with the scheme's port when none was given
  std::string host_field;  ///< the authority as written, for Host
  std::string path;        ///< origin-form: begins with '/', with the query

  bool secure() const noexcept { return scheme == "https" || scheme == "wss"; }
};

/// @error bad_target: no or unknown scheme, bad authority, user info, white space.
Result<Url> parse_url(std::string_view text);

/// The target is an absolute URL (whatever its scheme).
bool is_absolute_form(std::string_view target) noexcept;

}  // namespace wstap::http1

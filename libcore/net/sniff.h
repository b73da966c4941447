// SPDX-License-Identifier: Apache-2.0
// What a connection speaks, told by its first bytes (UPG-5).
#pragma once

#include "libcore/base/bytes.h"

namespace wstap::net {

enum class Opening : std::uint8_t {
  need_more,  ///< all bytes so far could still become one of the others
  http1,
  h2_preface,  ///< HTTP/2 with prior knowledge (RFC 9113 3.4)
  tls,         ///< a handshake record (RFC 8446 5.1)
  socks5,      ///< RFC 1928
  other,
};

/// @param first  the connection's bytes so far; looks at no more than 32 of them.
Opening sniff(Bytes first) noexcept;

/// A server began with SETTINGS, as those of HTTP/2 may before they have heard a word (RFC 9113 3.4).
bool begins_with_settings(Bytes first) noexcept;

}  // namespace wstap::net

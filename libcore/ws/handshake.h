// SPDX-License-Identifier: Apache-2.0
// The WebSocket part of the opening handshake: Sec-WebSocket-Accept (RFC 6455 4.2.2) and the extensions that
// the response accepted (RFC 6455 9.1).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libcore/base/entropy.h"
#include "libcore/ws/message_tracker.h"

namespace wstap::ws {

/// The Sec-WebSocket-Accept that answers `key`, which is hashed as written (without decoding it).
std::string accept_for(std::string_view key);

/// A Sec-WebSocket-Key (RFC 6455 4.1).
std::string make_key(Entropy& entropy);
bool is_key(std::string_view text);

struct Extension {
  std::string name;
  std::vector<std::pair<std::string, std::optional<std::string>>> parameters;  ///< quotes removed
};

/// The elements of Sec-WebSocket-Extensions, in order. One that is not `token *( ";" token [ "=" value ] )`,
/// where a value is a token or a quoted one (RFC 6455 9.1), keeps all of its text as its name.
std::vector<Extension> parse_extensions(std::string_view header_value);

/// What the response's extensions mean for frames.
Negotiated negotiated(const std::vector<Extension>& accepted) noexcept;

}  // namespace wstap::ws

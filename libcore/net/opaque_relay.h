// SPDX-License-Identifier: Apache-2.0
// Bytes that are no WebSocket of ours, passed on unread: silent or foreign tunnels, HTTP/2.
#pragma once

#include <array>

#include "libcore/net/stream.h"

namespace wstap::net {

/// Relays until both directions ended or one was reset, half-closes included; starts with what the streams
/// hold unread.
/// @return bytes relayed: client to upstream, upstream to client.
asio::awaitable<std::array<std::uint64_t, 2>> relay_opaque(Stream& client, Stream& upstream);

}  // namespace wstap::net

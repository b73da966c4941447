// SPDX-License-Identifier: Apache-2.0
// Waits for an HTTP/1 head.
#pragma once

#include <optional>

#include "libcore/http1/head_parser.h"
#include "libcore/net/stream.h"

namespace wstap::net {

/// Reads until a head is complete. @return its length in stream.unread, or nothing at a clean end of the
/// stream.
/// @error one of http1 when it is too large or no head; peer_closed, or the transport's own, when it was cut
/// off.
asio::awaitable<Result<std::optional<std::size_t>>> read_head(Stream& stream, http1::HeadLimits limits);

}  // namespace wstap::net

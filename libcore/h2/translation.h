// SPDX-License-Identifier: Apache-2.0
// Heads of HTTP/2 as HTTP/1 says them, and back (RFC 9113 8.2.2 and 8.3; of WebSockets RFC 8441 section 5).
#pragma once

#include "libcore/h2/field.h"
#include "libcore/http1/head.h"

namespace wstap::h2 {

/// An extended CONNECT that asks for a WebSocket (RFC 8441 4).
bool is_websocket_request(const Fields& head) noexcept;
/// What `:status` says; 0: there is none.
int status_of(const Fields& head) noexcept;

/// `:authority` becomes Host. What asks for a WebSocket becomes an upgrade by GET, without a key.
http1::RequestHead http1_request(const Fields& head);
/// @param upgrade  it answers a request for a WebSocket: 2xx becomes 101, without Sec-WebSocket-Accept.
http1::ResponseHead http1_response(const Fields& head, bool upgrade);

/// Host becomes `:authority`; what belongs to one connection goes. An upgrade to a WebSocket becomes an
/// extended CONNECT, without its key.
/// @param scheme  "http" or "https".
Fields http2_request(const http1::RequestHead& head, std::string_view scheme);
/// What belongs to one connection goes. 101 becomes 200, without Sec-WebSocket-Accept.
Fields http2_response(const http1::ResponseHead& head);
/// What may not stand behind a body goes (RFC 9110 6.5.1).
Fields http2_trailers(const http1::Fields& trailers);
http1::Fields http1_trailers(const Fields& trailers);

/// As recordings keep it: a line "name: value" for each field, in its order, and an empty one.
std::string text(const Fields& head);

}  // namespace wstap::h2

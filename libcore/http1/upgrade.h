// SPDX-License-Identifier: Apache-2.0
// Which requests and responses open a WebSocket (UPG-1), and what of a head belongs to one leg only (UPG-4).
#pragma once

#include "libcore/http1/head.h"
#include "libcore/http1/target.h"

namespace wstap::http1 {

bool is_websocket_upgrade(const RequestHead& head);
bool completes_websocket_upgrade(const ResponseHead& head);

/// Makes a request that came to a proxy one for the origin: absolute-form becomes origin-form and Host
/// follows it; what is meant for the proxy goes.
/// @param url  of the target; null when the request came in origin-form.
void address_to_origin(RequestHead& head, const Url* url);

/// For ordinary requests and responses: removes what belongs to one connection (RFC 9110 7.6.1): the fields
/// that Connection names, and Upgrade, since wstap does not follow a switch to another protocol. "close" and
/// "keep-alive" stay as they are, with Keep-Alive: wstap keeps and ends its two connections together. Framing
/// (Content-Length, Transfer-Encoding) stays as well: bodies are passed on as they are.
void strip_hop_by_hop(RequestHead& head);
void strip_hop_by_hop(ResponseHead& head);

}  // namespace wstap::http1

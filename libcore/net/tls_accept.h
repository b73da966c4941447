// SPDX-License-Identifier: Apache-2.0
// TLS with a client: its hello is read first, since it decides what it is shown (TLS-1, TLS-4).
#pragma once

#include "libcore/net/proxy_core.h"
#include "libcore/pipeline/flow_facts.h"
#include "libcore/tls/client_hello.h"

namespace wstap::net {

/// Reads the hello without using it up: it stays in client.unread.
/// @error tls::Errc::not_tls; timed_out; peer_closed.
asio::awaitable<Result<tls::ClientHello>> read_client_hello(Stream& client,
                                                            std::chrono::milliseconds patience);

/// The client may agree on HTTP/2.
bool offers_http2(const tls::ClientHello& hello);
/// What to offer an upstream on behalf of a client: of its own protocols those that wstap speaks. Who bridges
/// needs no client to know HTTP/1.
std::vector<std::string> upstream_alpn(const tls::ClientHello& hello, bool bridge);

/// Completes the handshake with a leaf for the name the client asked for, or `fallback_name`.
/// @param alpn  what may be agreed on.
/// @param names  further names for the leaf: the upstream's.
asio::awaitable<Result<void>> accept_client_tls(ProxyCore& core, WorkerSeat& seat, Stream& client,
                                                std::string fallback_name, std::vector<std::string> alpn,
                                                std::vector<std::string> names, pipeline::Leg& leg);

}  // namespace wstap::net

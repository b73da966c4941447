// SPDX-License-Identifier: Apache-2.0
// TLS with an upstream (TLS-3, TLS-4).
#pragma once

#include "libcore/net/proxy_core.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::net {

/// Puts TLS over `stream`, asking for `host`. `leg` gets to know what was agreed on.
/// @error tls::Errc; timed_out. The stream is of no use then.
asio::awaitable<Result<void>> start_upstream_tls(ProxyCore& core, WorkerSeat& seat, Stream& stream,
                                                 std::string host, std::vector<std::string> alpn,
                                                 pipeline::Leg& leg);

/// Connects to an upstream, with TLS if it is to be `secure`. `leg` is what is known of that connection
/// alone.
/// @error as ProxyCore::connect and start_upstream_tls.
asio::awaitable<Result<Stream>> dial_upstream(ProxyCore& core, WorkerSeat& seat, Target target, bool secure,
                                              std::string name, std::vector<std::string> alpn,
                                              pipeline::Leg& leg);

/// What wstap itself asks for: a list with http/1.1 in it.
std::vector<std::string> only_http1();

}  // namespace wstap::net

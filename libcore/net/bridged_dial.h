// SPDX-License-Identifier: Apache-2.0
// TLS with an upstream on behalf of a client of HTTP/1 (H2-3).
#pragma once

#include "libcore/net/dialer.h"
#include "libcore/net/proxy_core.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::net {

/// Puts TLS over `stream`, asking for `name`. With --bridge an upstream may choose HTTP/2: where it takes
/// WebSockets so, or knows nothing else, that looks like HTTP/1 from then on; any other is asked once more,
/// for HTTP/1 only.
/// @param target  where `stream` is connected to. @param leg  gets to know what was agreed on.
/// @error as start_upstream_tls.
asio::awaitable<Result<void>> start_tls_for_http1(ProxyCore& core, WorkerSeat& seat, Stream& stream,
                                                  Target target, std::string name, pipeline::Leg& leg);

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// What an upgrade's request and response agree on.
#pragma once

#include "libcore/http1/head.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::net {

/// Subprotocol, extensions, and what is wrong with the response (UPG-4, DEF-1); the rest is left open.
pipeline::FlowOpened agreed_flow(const http1::Fields& request, const http1::Fields& response);

/// The response has the Sec-WebSocket-Accept that the request's key wants (RFC 6455 4.1).
bool proves_upgrade(const http1::Fields& request, const http1::Fields& response);

}  // namespace wstap::net

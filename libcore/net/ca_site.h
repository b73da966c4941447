// SPDX-License-Identifier: Apache-2.0
// http://wstap.ca/ through the proxy: where a client fetches the certificate it is to trust (TLS-2).
#pragma once

#include <string>
#include <string_view>

#include "libcore/http1/target.h"
#include "libcore/tls/interception.h"

namespace wstap::net {

/// `host` (with or without a port) is the proxy's own site.
bool is_ca_site(std::string_view host) noexcept;

/// The whole response to a request for `path`.
std::string ca_site_reply(std::string_view method, std::string_view path, const tls::Interception& tls);

/// The URL as a WebSocket's: ws or wss, the host as the client wrote it, the path.
std::string websocket_url(const http1::Url& url);
/// The same as http or https.
std::string http_url(const http1::Url& url);

}  // namespace wstap::net

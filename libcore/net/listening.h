// SPDX-License-Identifier: Apache-2.0
// Listening addresses: as text, and as open acceptors.
#pragma once

#include <asio/ip/tcp.hpp>

#include "libcore/base/result.h"

namespace wstap::net {

/// "127.0.0.1:8080", "[::1]:0", "localhost:9000", ":8080" (all addresses). Names other than localhost are
/// refused: what one listens on should not depend on a name server.
/// @error bad_address
Result<asio::ip::tcp::endpoint> parse_endpoint(std::string_view text);

/// Opens, binds and listens. @return the bound address, port 0 resolved.
/// @error address_in_use; the system's own. The detail names the address.
Result<asio::ip::tcp::endpoint> open_acceptor(asio::ip::tcp::acceptor& acceptor,
                                              const asio::ip::tcp::endpoint& at);

}  // namespace wstap::net

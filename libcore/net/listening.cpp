// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/listening.h"

#include <fmt/format.h>

#include <asio/error.hpp>

#include "libcore/base/ascii.h"
#include "libcore/net/errors.h"
#include "libcore/net/tcp_transport.h"

namespace wstap::net {

using asio::ip::tcp;

Result<tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!port)
    return fail(Errc::bad_address, fmt::format("'{}' (expected ADDRESS:PORT, as in 127.0.0.1:8080)", text));
  auto host = text.substr(0, colon);
  if (host.empty()) return tcp::endpoint(asio::ip::address_v4::any(), *port);
  if (host == "localhost") return tcp::endpoint(asio::ip::address_v4::loopback(), *port);
  std::error_code failed;
  asio::ip::address address;
  if (host.starts_with('[') && host.ends_with(']')) {
    address = asio::ip::make_address_v6(std::string(host.substr(1, host.size() - 2)), failed);
  } else {
    address = asio::ip::make_address_v4(std::string(host), failed);
  }
  if (failed) return fail(Errc::bad_address, fmt::format("'{}' (expected an IP address and a port)", text));
  return tcp::endpoint(address, *port);
}

Result<tcp::endpoint> open_acceptor(tcp::acceptor& acceptor, const tcp::endpoint& at) {
  std::error_code failed;
  acceptor.open(at.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(at, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  // Asio's own category knows no std::errc.
  if (failed == asio::error::address_in_use)
    return fail(Errc::address_in_use, to_string(at) + " (is another one running? choose another --listen)");
  if (failed) return fail(std::error_code(failed.value(), std::generic_category()), to_string(at));
  return acceptor.local_endpoint();
}

}  // namespace wstap::net

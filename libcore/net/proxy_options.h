// SPDX-License-Identifier: Apache-2.0
// Everything a proxy is told before it starts; immutable afterwards and shared by its workers.
#pragma once

#include <asio/ip/tcp.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libcore/http1/target.h"
#include "libcore/net/dialer.h"
#include "libcore/net/relay.h"
#include "libcore/net/socks5.h"
#include "libcore/pipeline/flow_options.h"

namespace wstap::net {

struct ProxyOptions {
  std::vector<asio::ip::tcp::endpoint> listen;
  std::optional<http1::Url> reverse;            ///< wstap is the server, and this the upstream (UPG-6)
  std::optional<SocksCredentials> credentials;  ///< what clients must show, over HTTP and SOCKS alike
  bool lenient_heads = false;                   ///< UPG-9
  bool bridge = false;                          ///< H2-3
  unsigned workers = 1;

  pipeline::FlowOptions flow;
  RelayOptions relay;
  std::chrono::milliseconds dial_timeout{10'000};
  std::chrono::milliseconds handshake_timeout{
      30'000};  ///< each of: first bytes, a head, TLS, the upgrade's response
  std::chrono::milliseconds detect_timeout{500};  ///< a silent tunnel is opaque after this (UPG-5)
  std::uint64_t max_connections = 10'000;
  std::uint64_t max_buffered_bytes = 512U << 20;
  std::size_t max_head_bytes = 64 * 1024;
  std::size_t max_head_fields = 200;
};

}  // namespace wstap::net

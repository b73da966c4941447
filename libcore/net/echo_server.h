// SPDX-License-Identifier: Apache-2.0
// A small WebSocket server to try things against: echoes what it gets, or sends what it is told to.
#pragma once

#include <asio/ip/tcp.hpp>
#include <memory>
#include <optional>

#include "libcore/base/log.h"
#include "libcore/base/result.h"
#include "libcore/tls/interception.h"

namespace wstap::net {

struct EchoOptions {
  asio::ip::tcp::endpoint listen;
  std::optional<std::string> tls_name;  ///< wss, with a leaf for this name
  std::uint64_t source_messages =
      0;  ///< sends so many binary messages after the upgrade, then Close; 0: echo only
  std::size_t source_bytes = 1024;  ///< of each of them
  std::uint64_t max_frame_bytes = 64U << 20;
};

/// One thread. Frames are echoed one by one as they came (fragments stay fragments); Ping is answered, Close
/// too.
class EchoServer {
 public:
  /// @param tls  outlives the server; used only with tls_name, and then not null.
  EchoServer(EchoOptions options, const tls::Interception* tls, Log& log);
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  /// @return the bound address. @error as Proxy::listen.
  Result<asio::ip::tcp::endpoint> listen();
  void run();
  /// Ends run(). Any thread.
  void stop();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace wstap::net

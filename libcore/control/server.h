// SPDX-License-Identifier: Apache-2.0
// Lets other programs of the same user review held frames and ask a running proxy, over a Unix socket
// (HOLD-6).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "libcore/base/log.h"
#include "libcore/base/result.h"
#include "libcore/control/port.h"

namespace wstap::control {

struct ServerOptions {
  std::string path;     ///< of the socket: default_path(), or what the user wants
  std::string program;  ///< "wstap 0.1.0"
  std::size_t max_clients = 64;
  /// Of requests that are not whole and replies that are not sent, all clients together. Past it the
  /// connection ends that has been at a large one the longest.
  std::size_t max_in_flight_bytes = 512U << 20;
  std::chrono::milliseconds patience{5000};  ///< for a client's hello, and for it to read why it is refused
  std::uint32_t uid;                         ///< whose processes may connect: this process's own user
  ServerOptions();
};

/// One thread, which serves all clients. What they do reaches the proxy through the port only.
class Server {
 public:
  /// @param port,codec,log  outlive it.
  Server(ServerOptions options, Port& port, const Codec& codec, Log& log);
  /// As stop().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Makes the socket, and begins to serve. Signals that the calling thread has blocked stay so.
  /// @error as Socket::open().
  Result<void> start();
  /// Ends all connections and removes the socket. Once it returns, nothing of the port is called any more,
  /// and answers that are still due come to nothing. Idempotent; not for two threads at once.
  void stop();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace wstap::control

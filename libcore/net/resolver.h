// SPDX-License-Identifier: Apache-2.0
// Host names to addresses, on threads of its own: one slow name server must not hold up other lookups, let
// alone traffic.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/thread_pool.hpp>
#include <chrono>
#include <vector>

#include "libcore/base/result.h"

namespace wstap::net {

/// Thread-safe. To be destroyed before the event loops of those who ask: its threads post to them. Whoever
/// still waits then is not answered any more.
class Resolver {
 public:
  using Endpoints = std::vector<asio::ip::tcp::endpoint>;

  Resolver();
  ~Resolver();

  /// The addresses of `host`, in the system's order of preference; address literals are taken as they are.
  /// @error resolve_failed (the detail has the system's reason); timed_out.
  asio::awaitable<Result<Endpoints>> resolve(std::string host, std::uint16_t port,
                                             std::chrono::steady_clock::time_point give_up_at);

 private:
  asio::thread_pool threads_;
};

}  // namespace wstap::net

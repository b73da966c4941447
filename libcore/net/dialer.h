// SPDX-License-Identifier: Apache-2.0
// Connections to upstreams: name resolution, several addresses raced (RFC 8305), a deadline over all of it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <vector>

#include "libcore/base/result.h"
#include "libcore/net/resolver.h"

namespace wstap::net {

/// Constructed, never brace-initialized: g++ 12 copies a braced aggregate in an operand of co_await bit by
/// bit, and destroys it twice.
struct Target {
  Target() = default;
  Target(std::string name, std::uint16_t number) : host(std::move(name)), port(number) {}

  std::string host;  ///< name or address literal, without brackets
  std::uint16_t port = 0;

  std::string text() const;  ///< "host:80", "[::1]:80"
  bool operator==(const Target&) const = default;
};

struct DialOptions {
  std::chrono::milliseconds timeout{10'000};
  std::vector<std::uint16_t> own_ports;  ///< ports wstap listens on: never dialled on this host (UPG-7)
};

/// Resolves and connects on the calling coroutine's executor. `options` is copied, `resolver` outlives the
/// call.
/// @error resolve_failed; connect_failed; timed_out; self_dial. The detail names the target and each
/// address's fault.
asio::awaitable<Result<asio::ip::tcp::socket>> dial(Resolver& resolver, Target target, DialOptions options);

}  // namespace wstap::net

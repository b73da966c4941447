// SPDX-License-Identifier: Apache-2.0
// The two directions of a WebSocket, by the names that filters, captures and views use.
#pragma once

#include <cstdint>
#include <string_view>

namespace wstap::ws {

enum class Direction : std::uint8_t {
  send = 0,     ///< client to server
  receive = 1,  ///< server to client
};

constexpr Direction opposite(Direction d) noexcept {
  return d == Direction::send ? Direction::receive : Direction::send;
}
constexpr std::string_view name(Direction d) noexcept {
  return d == Direction::send ? "send" : "receive";
}
constexpr std::string_view long_name(Direction d) noexcept {
  return d == Direction::send ? "client_to_server" : "server_to_client";
}
/// 0 for send, 1 for receive: for pairs indexed by direction.
constexpr std::size_t index(Direction d) noexcept {
  return static_cast<std::size_t>(d);
}

}  // namespace wstap::ws

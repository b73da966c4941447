// SPDX-License-Identifier: Apache-2.0
// How frames are held: how many, how long, and what becomes of those that nobody decides about (HOLD-5).
#pragma once

#include <cstdint>
#include <string_view>

namespace wstap::pipeline {

/// What happens to what nobody decides about in time (HOLD-5).
enum class OnTimeout : std::uint8_t { release, drop };
constexpr std::string_view name(OnTimeout action) noexcept {
  return action == OnTimeout::release ? "release" : "drop";
}

/// What is held when as much is as may be.
enum class OnFull : std::uint8_t {
  wait,     ///< what matches is not read until there is room
  release,  ///< it passes
  drop,     ///< it does not
};

/// Of a proxy or its rules file; times in nanoseconds, 0: never.
struct HoldSettings {
  std::uint64_t capacity = 100;                   ///< frames that are held, and those that wait behind them
  std::uint64_t bytes = std::uint64_t{64} << 20;  ///< ... of memory that they take
  OnFull on_full = OnFull::wait;
  std::int64_t timeout_ns = 60'000'000'000;
  OnTimeout on_timeout = OnTimeout::release;
  bool control_waits = false;                 ///< Pings and Pongs do not overtake
  std::int64_t keepalive_ns = 5'000'000'000;  ///< between Pings to the server while something is held
  std::int64_t keepalive_client_ns = 0;       ///< ... and to the client
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// What became of a frame (FLOW-3).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wstap::pipeline {

enum class Verdict : std::uint8_t {
  forwarded,  ///< as it came, but for a new mask or a shorter length
  changed,    ///< opcode, FIN, RSV or payload differ on the wire
  dropped,
  blocked,
  swallowed,   ///< a Pong that answered a Ping of wstap's own
  injected,    ///< made by a reviewer, a plugin or a macro
  synthetic,   ///< made by wstap itself
  truncated,   ///< replaced by an empty last continuation
  pending,     ///< not decided when it was recorded; an outcome follows
  unresolved,  ///< pending, and no outcome is in the recording
};

constexpr std::string_view name(Verdict v) noexcept {
  constexpr std::array<std::string_view, 10> kNames = {"forwarded", "changed",   "dropped",   "blocked",
                                                       "swallowed", "injected",  "synthetic", "truncated",
                                                       "pending",   "unresolved"};
  return kNames[static_cast<std::size_t>(v)];
}
constexpr std::size_t kVerdicts = 10;

/// The frame did not come from a peer: there is no received version of it.
constexpr bool made_here(Verdict v) noexcept {
  return v == Verdict::injected || v == Verdict::synthetic;
}

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// What ends a WebSocket flow: bytes that cannot be framed, and faults a relay that writes frames anew cannot
// pass on. Everything else that the RFCs forbid is an Anomaly (anomaly.h).
#pragma once

#include <cstdint>
#include <system_error>

namespace wstap::ws {

enum class Errc {
  length_top_bit = 1,  ///< 64-bit length with its most significant bit set (RFC 6455 5.2)
  frame_too_big,       ///< payload over the frame cap (RFC 6455 10.4)
  aborted,             ///< end of stream inside a frame
  control_too_long,    ///< control frame with more than 125 bytes of payload (RFC 6455 5.5)
  fragmented_control,  ///< control frame without FIN (RFC 6455 5.5)
  message_too_big,     ///< message over the message cap (RFC 6455 10.4)
};

const std::error_category& category() noexcept;
inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// The name under which captures and views show it: "frame_too_big".
const char* name(Errc e) noexcept;

/// The close code for the peer that did it, RFC 6455 7.4.1: 1009 or 1002.
std::uint16_t close_code_for(Errc e) noexcept;

}  // namespace wstap::ws

template <>
struct std::is_error_code_enum<wstap::ws::Errc> : std::true_type {};

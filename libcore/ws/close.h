// SPDX-License-Identifier: Apache-2.0
// Close frames: codes and the shape of their payload, RFC 6455 sections 5.5.1 and 7.4.
#pragma once

#include <optional>

#include "libcore/base/bytes.h"

namespace wstap::ws {

enum CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kNoStatus = 1005,  ///< never on the wire: a Close without payload
  kAbnormal = 1006,  ///< never on the wire: an end without a Close
  kInvalidData = 1007,
  kPolicyViolation = 1008,
  kTooBig = 1009,
};

/// What a Close payload says. `reason` views the payload.
struct CloseBody {
  std::optional<std::uint16_t> code;  ///< nothing when the payload has fewer than 2 bytes
  Bytes reason;                       ///< as received, not necessarily UTF-8
};
CloseBody parse_close(Bytes payload) noexcept;

/// Of a reason: a control payload of 125 bytes, less the code.
inline constexpr std::size_t kLongestReason = 123;
/// A payload of code and reason; a longer reason is cut between two characters.
Buffer close_payload(std::uint16_t code, std::string_view reason);

/// A code that an endpoint may send: 1000-1003, 1007-1014, 3000-4999 (RFC 6455 7.4.2 and the IANA registry).
bool may_be_sent(std::uint16_t code) noexcept;

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// What two peers agreed on for permessage-deflate (RFC 7692 7.1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace wstap::ws {

struct Extension;

/// How one direction compresses.
struct DeflateParameters {
  bool context_takeover = true;   ///< a message may refer to what messages before it said
  std::uint8_t window_bits = 15;  ///< 8..15: no reference goes back further than 2^bits bytes

  bool operator==(const DeflateParameters&) const noexcept = default;
};

/// Of both directions, by ws::index: the client's parameters hold for what it sends.
using DeflateAgreement = std::array<DeflateParameters, 2>;

/// What the accepted extension says. Parameters that have no meaning in a response are passed over: see
/// answers_an_offer().
DeflateAgreement deflate_agreement(const Extension& accepted) noexcept;

/// A response may accept what was offered (RFC 6455 4.1), and permessage-deflate in the terms of an offer
/// (RFC 7692 5.1, 7.1).
/// @param offered, accepted  the elements of Sec-WebSocket-Extensions of the request and of the response.
/// @return whether each accepted extension does so, and permessage-deflate is among them once at most.
bool answers_an_offer(const std::vector<Extension>& offered, const std::vector<Extension>& accepted);

}  // namespace wstap::ws

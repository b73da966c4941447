// SPDX-License-Identifier: Apache-2.0
// What the two ends of permessage-deflate share of zlib's interface (RFC 7692 7.2).
#pragma once

#include <zlib.h>

#include <array>

#include "libcore/base/bytes.h"

namespace wstap::ws {

/// What senders cut off the end of every message, and receivers put there again (RFC 7692 7.2.1).
constexpr std::array<std::byte, 4> kMessageTail = {std::byte{0}, std::byte{0}, std::byte{0xff},
                                                   std::byte{0xff}};

/// zlib's own type for what it only reads is not const.
inline Bytef* zlib_bytes(const std::byte* bytes) noexcept {
  return static_cast<Bytef*>(const_cast<void*>(static_cast<const void*>(bytes)));
}

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Masking, RFC 6455 section 5.3. Masking twice with the same key gives the bytes back; a change of key is one
// pass with the XOR of the two.
#pragma once

#include <array>

#include "libcore/base/bytes.h"

namespace wstap::ws {

using MaskKey = std::array<std::byte, 4>;

constexpr MaskKey operator^(MaskKey a, MaskKey b) noexcept {
  return {a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]};
}

/// Writes `from` masked with `key` to `to`, which has room for from.size() bytes. The two may overlap when
/// `to` does not begin behind `from`. `key[0]` meets the first byte.
void mask_into(std::byte* to, Bytes from, MaskKey key) noexcept;

inline void mask_in_place(MutableBytes data, MaskKey key) noexcept {
  mask_into(data.data(), data, key);
}

/// The key for bytes that begin `offset` bytes into the payload.
constexpr MaskKey rotated(MaskKey key, std::uint64_t offset) noexcept {
  return {key[offset % 4], key[(offset + 1) % 4], key[(offset + 2) % 4], key[(offset + 3) % 4]};
}

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Bytes of UTF-8 (RFC 3629).
#pragma once

#include <cstddef>

namespace wstap {

/// It is not the first byte of its character.
constexpr bool continues_character(std::byte byte) noexcept {
  return (byte & std::byte{0xc0}) == std::byte{0x80};
}
constexpr bool continues_character(char byte) noexcept {
  return continues_character(static_cast<std::byte>(byte));
}

}  // namespace wstap

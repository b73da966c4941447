// SPDX-License-Identifier: Apache-2.0
// UTF-8 the slow way: decode to numbers by the bit patterns, then judge the numbers (RFC 3629 section 3).
// What the fast validators are compared with.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::test {

/// `code` in the pattern of `length` bytes (1..4), whether or not UTF-8 allows that.
inline Buffer encoded_in(std::uint32_t code, std::size_t length) {
  constexpr unsigned kLead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
  Buffer bytes(length);
  for (std::size_t i = length; i-- > 1; code >>= 6) bytes[i] = static_cast<std::byte>(0x80 | (code & 0x3f));
  bytes[0] = static_cast<std::byte>(kLead[length] | code);
  return bytes;
}

inline std::size_t shortest_encoding(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/// `code` in as few bytes as it takes; surrogates are not refused.
inline Buffer encoded(std::uint32_t code) {
  return encoded_in(code, shortest_encoding(code));
}

inline bool is_scalar_value(std::uint32_t code) {
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

/// The code points of `text`; nothing when it is not UTF-8.
inline std::optional<std::vector<std::uint32_t>> code_points(Bytes text) {
  std::vector<std::uint32_t> codes;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned>(text[at]);
    const std::size_t length = lead < 0x80              ? 1
                               : (lead >> 5) == 0b110   ? 2
                               : (lead >> 4) == 0b1110  ? 3
                               : (lead >> 3) == 0b11110 ? 4
                                                        : 0;
    if (length == 0 || text.size() - at < length) return std::nullopt;
    std::uint32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
      const auto octet = static_cast<unsigned>(text[at + i]);
      if ((octet >> 6) != 0b10) return std::nullopt;
      code = code * 64 + (octet & 0x3f);
    }
    if (length != shortest_encoding(code) || !is_scalar_value(code)) return std::nullopt;
    codes.push_back(code);
    at += length;
  }
  return codes;
}

}  // namespace wstap::test

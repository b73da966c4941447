// SPDX-License-Identifier: Apache-2.0
// Views of bytes and of text, and the one place where one is taken for the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wstap {

using Bytes = std::span<const std::byte>;   ///< somebody else's bytes, read only
using MutableBytes = std::span<std::byte>;  ///< somebody else's bytes, to be written
using Buffer = std::vector<std::byte>;      ///< bytes one owns

/// The bytes behind `text`; valid as long as `text` is.
inline Bytes as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

/// The characters behind `bytes`, unchecked (not necessarily UTF-8); valid as long as `bytes` is.
inline std::string_view as_text(Bytes bytes) noexcept {
  // The standard lets char alias any object; this is the only cast of its kind in the program.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT
}

inline Buffer to_buffer(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

inline void append(Buffer& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}
inline void append(Buffer& to, std::string_view text) {
  append(to, as_bytes(text));
}

/// Reads an unsigned integer in network byte order from the first sizeof(T) bytes of `in`.
template <class T>
constexpr T load_be(Bytes in) noexcept {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8) | static_cast<T>(in[i]));
  return value;
}

/// Writes `value` in network byte order to the first sizeof(T) bytes of `out`.
template <class T>
constexpr void store_be(T value, MutableBytes out) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out[i] = static_cast<std::byte>(static_cast<unsigned char>(value >> (8 * (sizeof(T) - 1 - i))));
}

}  // namespace wstap

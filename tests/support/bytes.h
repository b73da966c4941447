// SPDX-License-Identifier: Apache-2.0
// Bytes for tests: written as hex or text, or drawn from a fixed seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "libcore/base/bytes.h"
#include "libcore/base/hex.h"

namespace wstap::test {

/// The bytes written as `digits`; white space may group them. Throws when they are not hex: a slip in a test.
inline Buffer hex(std::string_view digits) {
  auto bytes = from_hex(digits);
  if (!bytes) throw std::invalid_argument("not hex: " + std::string(digits));
  return *std::move(bytes);
}

/// An own copy of `text`, which may hold any bytes.
inline Buffer bytes(std::string_view text) {
  return to_buffer(as_bytes(text));
}

/// An own copy of the characters behind `data`, to be compared with EXPECT_EQ.
inline std::string text(Bytes data) {
  return std::string(as_text(data));
}

/// `size` bytes that are the same in every run with this seed.
inline Buffer random_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 engine(seed);
  Buffer data(size);
  for (auto& byte : data) byte = static_cast<std::byte>(engine() & 0xff);
  return data;
}

inline std::string repeated(std::string_view piece, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += piece;
  return all;
}

inline Buffer concat(std::initializer_list<Bytes> parts) {
  Buffer all;
  for (const auto part : parts) append(all, part);
  return all;
}

}  // namespace wstap::test

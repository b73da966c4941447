// SPDX-License-Identifier: Apache-2.0
// Entropy a test can foretell: every four bytes are the next number, so no two masks are alike.
#pragma once

#include "libcore/base/entropy.h"

namespace wstap::test {

class FixedEntropy final : public Entropy {
 public:
  void fill(MutableBytes out) override {
    for (auto& byte : out) byte = at(used_++);
  }

  /// Bytes given out so far.
  std::uint64_t used() const { return used_; }
  /// The mask that the frame `n` (from 0) gets when nothing else drew any bytes.
  static std::array<std::uint8_t, 4> mask(std::uint32_t n) {
    std::array<std::uint8_t, 4> key{};
    for (std::uint32_t i = 0; i < 4; ++i) key[i] = static_cast<std::uint8_t>(at(n * 4ULL + i));
    return key;
  }

 private:
  static std::byte at(std::uint64_t position) {
    const std::uint64_t number = 0x5a5a'0001 + position / 4;
    return static_cast<std::byte>(number >> (8 * (3 - position % 4)) & 0xff);
  }
  std::uint64_t used_ = 0;
};

}  // namespace wstap::test

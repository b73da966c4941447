// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/mask.h"

#include <bit>
#include <cstring>

namespace wstap::ws {
namespace {

// A vector register's worth of bytes; the compiler splits it where the machine's are narrower.
using Wide [[gnu::vector_size(32)]] = std::uint64_t;

template <class Word>
void mask_word(std::byte* to, const std::byte* from, const Word& pattern) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  word ^= pattern;
  std::memcpy(to, &word, sizeof word);
}

}  // namespace

void mask_into(std::byte* to, Bytes from, MaskKey key) noexcept {
  const auto narrow = std::bit_cast<std::uint32_t>(key);
  const std::uint64_t pattern = std::uint64_t{narrow} << 32 | narrow;
  const Wide wide = {pattern, pattern, pattern, pattern};

  const std::byte* at = from.data();
  std::size_t left = from.size();
  for (; left >= sizeof(Wide); left -= sizeof(Wide), at += sizeof(Wide), to += sizeof(Wide))
    mask_word(to, at, wide);
  for (; left >= 8; left -= 8, at += 8, to += 8) mask_word(to, at, pattern);
  for (std::size_t i = 0; i < left; ++i) to[i] = at[i] ^ key[i % 4];
}

}  // namespace wstap::ws

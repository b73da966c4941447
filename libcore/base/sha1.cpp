// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/sha1.h"

#include <algorithm>
#include <bit>

namespace wstap {
namespace {

using State = std::array<std::uint32_t, 5>;
constexpr std::size_t kBlock = 64;

/// One application of the compression function, RFC 3174 section 6.1.
void absorb(State& state, Bytes block) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t t = 0; t < 16; ++t) w[t] = load_be<std::uint32_t>(block.subspan(t * 4));
  for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

  auto [a, b, c, d, e] = state;
  for (std::size_t t = 0; t < 80; ++t) {
    std::uint32_t f = 0;
    std::uint32_t k = 0;
    if (t < 20) {
      f = (b & c) | (~b & d), k = 0x5a827999;
    } else if (t < 40) {
      f = b ^ c ^ d, k = 0x6ed9eba1;
    } else if (t < 60) {
      f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
    } else {
      f = b ^ c ^ d, k = 0xca62c1d6;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + w[t] + k;
    e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

}  // namespace

std::array<std::byte, 20> sha1(Bytes message) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  for (; message.size() >= kBlock; message = message.subspan(kBlock)) absorb(state, message.first(kBlock));

  // The rest, a one bit, zeros, and the length in bits: one or two blocks (section 4).
  std::array<std::byte, 2 * kBlock> tail{};
  std::copy(message.begin(), message.end(), tail.begin());
  tail[message.size()] = std::byte{0x80};
  const std::size_t length = message.size() + 9 <= kBlock ? kBlock : 2 * kBlock;
  store_be(bits, MutableBytes(tail).subspan(length - 8));
  for (std::size_t at = 0; at < length; at += kBlock) absorb(state, Bytes(tail).subspan(at, kBlock));

  std::array<std::byte, 20> digest{};
  for (std::size_t i = 0; i < state.size(); ++i) store_be(state[i], MutableBytes(digest).subspan(i * 4));
  return digest;
}

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// Messages of Cap'n Proto bent out of shape: flipped, cut, spliced, and with lengths and pointers that lie.
// The same numbers give the same bytes.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::fuzz {

class Mutator {
 public:
  /// @param seeds  at least one, none of them empty.
  Mutator(const std::vector<Buffer>& seeds, std::uint64_t seed) : seeds_(seeds), engine_(seed) {}

  struct Mutant {
    std::size_t origin = 0;     ///< index of the seed it was made from
    std::size_t untouched = 0;  ///< bytes at its start that are as they were
    Buffer bytes;
  };
  Mutant next() {
    Mutant mutant;
    mutant.origin = below(seeds_.size());
    mutant.bytes = seeds_[mutant.origin];
    mutant.untouched = mutant.bytes.size();
    for (std::size_t count = 1 + below(6); count > 0 && !mutant.bytes.empty(); --count)
      mutant.untouched = std::min(mutant.untouched, mutate(mutant.bytes));
    return mutant;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }

  /// @return where the first changed byte is.
  std::size_t mutate(Buffer& bytes) {
    const std::size_t at = below(bytes.size());
    switch (below(8)) {
      case 0: bytes[at] ^= static_cast<std::byte>(1U << below(8)); return at;
      case 1: bytes[at] = static_cast<std::byte>(below(256)); return at;
      case 2: bytes.resize(at); return at;
      case 3: return erase(bytes, at);
      case 4: return splice(bytes, at);
      case 5: return put_number(bytes, at & ~std::size_t{3}, std::uint32_t{0});
      default: return put_number(bytes, at & ~std::size_t{7}, std::uint64_t{0});
    }
  }

  std::size_t erase(Buffer& bytes, std::size_t at) {
    const std::size_t end = std::min(bytes.size(), at + 1 + below(at % 3 == 0 ? 64 : 2000));
    bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                bytes.begin() + static_cast<std::ptrdiff_t>(end));
    return at;
  }

  /// A piece of another seed, put in or put over.
  std::size_t splice(Buffer& bytes, std::size_t at) {
    if (below(2) == 0) at &= ~std::size_t{7};
    const Buffer& other = seeds_[below(seeds_.size())];
    const std::size_t from = below(other.size()) & ~std::size_t{7};
    const Bytes piece = Bytes(other).subspan(from, std::min(other.size() - from, 8 + below(1000)));
    if (below(2) == 0) {
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
    } else {
      std::copy_n(piece.begin(), std::min(piece.size(), bytes.size() - at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return at;
  }

  /// Lengths, counts and pointers: small ones, huge ones, those a little off.
  template <class Number>
  std::size_t put_number(Buffer& bytes, std::size_t at, Number number) {
    if (bytes.size() - at < sizeof number) return at;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    switch (below(6)) {
      case 0: number = static_cast<Number>(below(40)); break;
      case 1: number = static_cast<Number>(~below(40)); break;
      case 2: number = static_cast<Number>(number + below(33) - 16); break;
      case 3: number = static_cast<Number>(Number{1} << below(sizeof number * 8)); break;
      case 4: number = static_cast<Number>(engine_()); break;
      // The lowest bits are a pointer's kind, those above the upper half's lowest three a list's length.
      default: number = static_cast<Number>((number & ~Number{3}) | below(4)); break;
    }
    std::memcpy(bytes.data() + at, &number, sizeof number);
    return at;
  }

  const std::vector<Buffer>& seeds_;
  std::mt19937_64 engine_;
};

}  // namespace wstap::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/fragments.h"

#include <numeric>

namespace wstap::ws {

std::vector<Bytes> in_proportion(Bytes payload, const std::vector<std::uint64_t>& lengths) {
  const std::uint64_t all = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
  std::vector<Bytes> pieces;
  pieces.reserve(lengths.size());
  std::uint64_t so_far = 0;
  std::size_t begin = 0;
  for (const std::uint64_t length : lengths) {
    so_far += length;
    const std::size_t end = all == 0 ? 0 : static_cast<std::size_t>(payload.size() * so_far / all);
    pieces.push_back(payload.subspan(begin, end - begin));
    begin = end;
  }
  pieces.back() = payload.last(pieces.back().size() + payload.size() - begin);
  return pieces;
}

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Any bytes as compressed messages, in any pieces: bounded, and the same however they are cut.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "libcore/ws/inflater.h"

namespace {

using namespace wstap;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr ws::InflateLimits kLimits{
    .message_bytes = 100'000, .ratio = 50, .free_bytes = 10'000, .work_bytes = 1'000'000};

struct Read {
  Buffer data;
  ws::InflateState state;
  bool operator==(const Read&) const = default;
};

/// Messages of `message` bytes each, added in pieces of `piece`.
std::vector<Read> read(Bytes in, std::size_t message, std::size_t piece, bool takeover) {
  ws::Inflater inflater(takeover, kLimits);
  std::vector<Read> all;
  while (!in.empty()) {
    Bytes payload = in.first(std::min(message, in.size()));
    in = in.subspan(payload.size());
    Read one;
    inflater.begin();
    while (!payload.empty()) {
      const auto part = payload.first(std::min(piece, payload.size()));
      inflater.add(part, one.data);
      payload = payload.subspan(part.size());
    }
    one.state = inflater.end(one.data);
    require(one.data.size() <= kLimits.message_bytes);
    // What a bound or a fault cut off depends on where the pieces end; it is not shown to anybody.
    if (one.state != ws::InflateState::ok) one.data.clear();
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const Bytes in = std::as_bytes(std::span(data, size)).subspan(3);
  const std::size_t message = 1 + data[0] * std::size_t{8};
  const bool takeover = data[1] % 2 == 0;
  const auto whole = read(in, message, message, takeover);
  require(whole == read(in, message, message, takeover));
  const auto pieces = read(in, message, 1 + data[2] % 16U, takeover);
  require(pieces.size() == whole.size());
  // The ratio is judged as the bytes come: a piece may be too dense where the whole is not.
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (pieces[i].state != ws::InflateState::ok || whole[i].state != ws::InflateState::ok) continue;
    require(pieces[i].data == whole[i].data);
  }
  return 0;
}

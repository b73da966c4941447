// SPDX-License-Identifier: Apache-2.0
// WebSocket frames read back from the wire, the slow way and without libcore/ws: the counterpart of wire.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::test {

/// What a receiver understands, however it was written: masks and lengths are not compared.
struct ParsedFrame {
  std::uint8_t opcode = 0;
  bool fin = false;
  std::uint8_t rsv = 0;
  Buffer payload;  ///< unmasked
  std::optional<std::array<std::uint8_t, 4>> mask;
  std::size_t header_len = 0;

  bool operator==(const ParsedFrame& other) const {
    return opcode == other.opcode && fin == other.fin && rsv == other.rsv && payload == other.payload;
  }
};

inline void PrintTo(const ParsedFrame& frame, std::ostream* out) {
  *out << "{opcode " << int{frame.opcode} << (frame.fin ? " fin" : "") << " rsv " << int{frame.rsv} << " "
       << frame.payload.size() << " bytes}";
}

/// Takes the first frame off `all`. @return nothing when it is not whole.
inline std::optional<ParsedFrame> parse_frame(Bytes& all) {
  std::size_t at = 0;
  const auto octet = [&] { return static_cast<unsigned>(all[at++]); };
  if (all.size() < 2) return std::nullopt;
  ParsedFrame frame;
  const unsigned first = octet();
  const unsigned second = octet();
  frame.fin = first >= 128;
  frame.rsv = static_cast<std::uint8_t>(first / 16 % 8);
  frame.opcode = static_cast<std::uint8_t>(first % 16);
  const std::size_t extended = second % 128 == 127 ? 8 : second % 128 == 126 ? 2 : 0;
  frame.header_len = 2 + extended + (second >= 128 ? 4 : 0);
  if (all.size() < frame.header_len) return std::nullopt;
  std::uint64_t length = extended == 0 ? second % 128 : 0;
  for (std::size_t i = 0; i < extended; ++i) length = length * 256 + octet();
  if (second >= 128) {
    frame.mask.emplace();
    for (auto& key : *frame.mask) key = static_cast<std::uint8_t>(octet());
  }
  if (all.size() - at < length) return std::nullopt;
  for (std::size_t i = 0; i < length; ++i) {
    const unsigned key = frame.mask ? (*frame.mask)[i % 4] : 0U;
    frame.payload.push_back(static_cast<std::byte>(octet() ^ key));
  }
  all = all.subspan(at);
  return frame;
}

/// All of `all`, which holds whole frames and nothing else; throws when it does not.
inline std::vector<ParsedFrame> parse_frames(Bytes all) {
  std::vector<ParsedFrame> frames;
  while (!all.empty()) {
    auto frame = parse_frame(all);
    if (!frame) throw std::runtime_error("bytes that are no whole frame");
    frames.push_back(*std::move(frame));
  }
  return frames;
}

}  // namespace wstap::test

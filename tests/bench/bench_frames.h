// SPDX-License-Identifier: Apache-2.0
// Fixed inputs for the micro benchmarks: bursts of equal frames, as one read finds them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libcore/ws/direction.h"
#include "tests/support/wire.h"

namespace wstap::bench {

/// Whole text frames end to end, and where each ends.
struct Frames {
  Buffer raw;
  std::vector<std::uint32_t> ends;
};

/// A payload of JSON, ASCII.
inline Buffer json_payload(std::size_t bytes) {
  std::string text = R"({"id":1,"text":")";
  while (text.size() + 2 < bytes) text += "the quick brown fox jumps over the lazy dog, ";
  text.resize(bytes < 2 ? 0 : bytes - 2);
  text += "\"}";
  text.resize(bytes);
  return to_buffer(as_bytes(text));
}

inline Frames frames(ws::Direction direction, std::size_t count, std::size_t payload_bytes,
                     std::uint8_t rsv = 0) {
  test::WireFrame frame{.opcode = 1, .payload = json_payload(payload_bytes), .rsv = rsv};
  if (direction == ws::Direction::send) frame.mask = {0x37, 0xfa, 0x21, 0x3d};
  const Buffer one = test::wire(frame);
  Frames all;
  for (std::size_t i = 0; i < count; ++i) {
    append(all.raw, one);
    all.ends.push_back(static_cast<std::uint32_t>(all.raw.size()));
  }
  return all;
}

}  // namespace wstap::bench

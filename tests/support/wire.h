// SPDX-License-Identifier: Apache-2.0
// WebSocket frames as a test wants them on the wire, well-formed or not. Written without libcore/ws on
// purpose: it is what that is compared with.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::test {

/// How many bytes a frame's length takes behind the first two.
enum class LengthForm : std::uint8_t { shortest, in_7_bits, in_16_bits, in_64_bits };

struct WireFrame {
  std::uint8_t opcode = 1;
  Buffer payload{};  ///< before masking
  bool fin = true;
  std::uint8_t rsv = 0;  ///< RSV1=4, RSV2=2, RSV3=1
  std::optional<std::array<std::uint8_t, 4>> mask{};
  LengthForm length = LengthForm::shortest;
};

inline LengthForm shortest_form(std::uint64_t size) {
  if (size <= 125) return LengthForm::in_7_bits;
  return size <= 65535 ? LengthForm::in_16_bits : LengthForm::in_64_bits;
}

/// A frame's bytes up to its payload, for any announced `size`.
inline Buffer wire_header(const WireFrame& frame, std::uint64_t size) {
  const auto form = frame.length == LengthForm::shortest ? shortest_form(size) : frame.length;
  const unsigned masked = frame.mask ? 128 : 0;
  std::vector<unsigned> octets = {(frame.fin ? 128U : 0U) + frame.rsv * 16U + frame.opcode};
  if (form == LengthForm::in_7_bits) octets.push_back(masked + static_cast<unsigned>(size));
  if (form == LengthForm::in_16_bits) octets.push_back(masked + 126);
  if (form == LengthForm::in_64_bits) octets.push_back(masked + 127);
  const int extended = form == LengthForm::in_64_bits ? 8 : form == LengthForm::in_16_bits ? 2 : 0;
  for (int place = extended - 1; place >= 0; --place)
    octets.push_back(static_cast<unsigned>(size >> (8 * place)) & 255);
  if (frame.mask) octets.insert(octets.end(), frame.mask->begin(), frame.mask->end());

  Buffer header;
  for (const unsigned octet : octets) header.push_back(static_cast<std::byte>(octet));
  return header;
}

/// The whole frame.
inline Buffer wire(const WireFrame& frame) {
  Buffer all = wire_header(frame, frame.payload.size());
  for (std::size_t i = 0; i < frame.payload.size(); ++i)
    all.push_back(frame.payload[i] ^ static_cast<std::byte>(frame.mask ? (*frame.mask)[i % 4] : 0));
  return all;
}

/// Any frame at all, with up to `max_payload` bytes: reserved opcodes and bits, long lengths, masks or none.
inline WireFrame random_frame(std::mt19937& engine, std::size_t max_payload) {
  WireFrame frame;
  frame.opcode = static_cast<std::uint8_t>(engine() % 16);
  frame.fin = engine() % 2 == 0;
  frame.rsv = static_cast<std::uint8_t>(engine() % 8);
  frame.payload.resize(engine() % (max_payload + 1));
  for (auto& byte : frame.payload) byte = static_cast<std::byte>(engine() & 255);
  if (engine() % 2 == 0) {
    frame.mask.emplace();
    for (auto& octet : *frame.mask) octet = static_cast<std::uint8_t>(engine() & 255);
  }
  if (engine() % 4 == 0) frame.length = LengthForm::in_64_bits;
  if (engine() % 4 == 1 && frame.payload.size() <= 65535) frame.length = LengthForm::in_16_bits;
  return frame;
}

}  // namespace wstap::test

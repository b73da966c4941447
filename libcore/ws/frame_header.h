// SPDX-License-Identifier: Apache-2.0
// The frame header, RFC 6455 section 5.2: what the wire says, nothing repaired. Inline, because relays decode
// one for every frame they pass on.
#pragma once

#include "libcore/base/bytes.h"
#include "libcore/ws/mask.h"
#include "libcore/ws/opcode.h"

namespace wstap::ws {

constexpr std::size_t kMaxHeader = 14;      ///< bytes: 2, an 8-byte length, a 4-byte mask
constexpr std::size_t kShortPayload = 125;  ///< the longest whose length is in the second byte

struct FrameHeader {
  bool fin = false;
  bool masked = false;
  std::uint8_t rsv = 0;           ///< RSV1=4, RSV2=2, RSV3=1, as seen
  std::uint8_t opcode = 0;        ///< 0..15, as seen; reserved values survive
  std::uint8_t header_len = 0;    ///< 2..14 bytes; a non-minimal length shows here
  MaskKey mask{};                 ///< zeros when not masked
  std::uint64_t payload_len = 0;  ///< bytes

  constexpr std::uint64_t frame_len() const noexcept { return header_len + payload_len; }
};

constexpr std::uint8_t kRsv1 = 4;

/// Bytes a header needs when its length is written as short as possible.
constexpr std::uint8_t minimal_header_len(std::uint64_t payload_len, bool masked) noexcept {
  const std::uint8_t length_bytes = payload_len < 126 ? 0 : payload_len < 0x10000 ? 2 : 8;
  return static_cast<std::uint8_t>(2 + length_bytes + (masked ? 4 : 0));
}

/// Bytes the header that begins with `second` as its second byte has in all: 2..14.
constexpr std::size_t header_len_from(std::byte second) noexcept {
  const unsigned short_len = static_cast<unsigned>(second) & 0x7f;
  const std::size_t length_bytes = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
  return 2 + length_bytes + ((static_cast<unsigned>(second) & 0x80) != 0 ? 4 : 0);
}

/// Reads a header from the start of `in`.
/// @return false when `in` does not hold all of it yet; `header` is then unchanged.
constexpr bool decode_header(Bytes in, FrameHeader& header) noexcept {
  if (in.size() < 2) return false;
  const std::size_t header_len = header_len_from(in[1]);
  if (in.size() < header_len) return false;

  const auto first = static_cast<unsigned>(in[0]);
  const unsigned short_len = static_cast<unsigned>(in[1]) & 0x7f;
  header.fin = (first & 0x80) != 0;
  header.rsv = static_cast<std::uint8_t>(first >> 4 & 7);
  header.opcode = static_cast<std::uint8_t>(first & 0xf);
  header.masked = (static_cast<unsigned>(in[1]) & 0x80) != 0;
  header.header_len = static_cast<std::uint8_t>(header_len);
  header.payload_len = short_len;
  if (short_len == 126) header.payload_len = load_be<std::uint16_t>(in.subspan(2));
  if (short_len == 127) header.payload_len = load_be<std::uint64_t>(in.subspan(2));
  header.mask = {};
  if (header.masked)
    header.mask = {in[header_len - 4], in[header_len - 3], in[header_len - 2], in[header_len - 1]};
  return true;
}

/// Writes `header` with its length as short as possible; `header.header_len` is not read.
/// @param out  room for kMaxHeader bytes.
/// @return the bytes written: minimal_header_len(header.payload_len, header.masked).
constexpr std::size_t encode_header(const FrameHeader& header, MutableBytes out) noexcept {
  out[0] = static_cast<std::byte>((header.fin ? 0x80 : 0) | (header.rsv & 7) << 4 | (header.opcode & 0xf));
  const unsigned mask_bit = header.masked ? 0x80 : 0;
  std::size_t at = 2;
  if (header.payload_len < 126) {
    out[1] = static_cast<std::byte>(mask_bit | header.payload_len);
  } else if (header.payload_len < 0x10000) {
    out[1] = static_cast<std::byte>(mask_bit | 126);
    store_be(static_cast<std::uint16_t>(header.payload_len), out.subspan(2));
    at = 4;
  } else {
    out[1] = static_cast<std::byte>(mask_bit | 127);
    store_be(header.payload_len, out.subspan(2));
    at = 10;
  }
  if (header.masked)
    for (const auto byte : header.mask) out[at++] = byte;
  return at;
}

}  // namespace wstap::ws

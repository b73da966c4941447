// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/frame_writer.h"

#include <cstring>

namespace wstap::ws {

Buffer make_frame(FrameHeader header, Bytes payload) {
  header.payload_len = payload.size();
  Buffer frame(minimal_header_len(header.payload_len, header.masked) + payload.size());
  const std::size_t header_len = encode_header(header, frame);
  if (!payload.empty())
    mask_into(frame.data() + header_len, payload, header.masked ? header.mask : MaskKey{});
  return frame;
}

std::size_t rewrite_frame(const Frame& frame, std::uint8_t rsv, std::optional<MaskKey> mask,
                          std::byte* to) noexcept {
  FrameHeader header = frame.header;
  header.rsv = rsv;
  header.masked = mask.has_value();
  header.mask = mask.value_or(MaskKey{});
  const MaskKey change = frame.header.mask ^ header.mask;
  const Bytes payload = frame.payload();

  const std::size_t header_len = minimal_header_len(header.payload_len, header.masked);
  encode_header(header, {to, header_len});
  if (payload.empty()) return header_len;
  if (change == MaskKey{}) {
    std::memmove(to + header_len, payload.data(), payload.size());
  } else {
    mask_into(to + header_len, payload, change);
  }
  return header_len + payload.size();
}

std::size_t remask_short(Bytes raw, MaskKey mask, std::byte* to) noexcept {
  constexpr std::size_t kHeader = 6;
  MaskKey change;
  std::memcpy(change.data(), &raw[2], change.size());
  change = change ^ mask;
  std::memmove(to, raw.data(), 2);
  std::memcpy(to + 2, mask.data(), mask.size());
  mask_into(to + kHeader, raw.subspan(kHeader), change);
  return raw.size();
}

}  // namespace wstap::ws

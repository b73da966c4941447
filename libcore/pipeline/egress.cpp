// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/egress.h"

#include <algorithm>

#include "libcore/ws/frame_writer.h"

namespace wstap::pipeline {
namespace {

/// As a frame in this direction is masked: none towards the client.
std::optional<ws::MaskKey> new_mask(ws::Direction direction, Entropy& entropy) {
  if (direction != ws::Direction::send) return std::nullopt;
  ws::MaskKey key;
  entropy.fill(key);
  return key;
}

}  // namespace

Buffer own_frame(ws::Direction direction, ws::FrameHeader header, Bytes payload, Entropy& entropy) {
  const auto mask = new_mask(direction, entropy);
  header.masked = mask.has_value();
  header.mask = mask.value_or(ws::MaskKey{});
  return ws::make_frame(header, payload);
}

std::optional<Buffer> Egress::forward(const ws::Frame& frame, Buffer& out) {
  follow(frame.header);
  if (verbatim_) {
    append(out, frame.raw);
    return std::nullopt;
  }
  const auto mask = new_mask(direction_, entropy_);
  const std::size_t at = out.size();
  out.resize(at + ws::minimal_header_len(frame.header.payload_len, mask.has_value()) +
             frame.payload().size());
  ws::rewrite_frame(frame, rsv(frame.header), mask, out.data() + at);
  if (rsv(frame.header) == frame.header.rsv) return std::nullopt;
  return to_buffer(Bytes(out).subspan(at));
}

Buffer Egress::send(ws::FrameHeader header, Bytes payload, Buffer& out) {
  header.rsv = rsv(header);
  follow(header);
  Buffer frame = own_frame(direction_, header, payload, entropy_);
  append(out, frame);
  return frame;
}

void Egress::send_exact(Bytes bytes, Buffer& out) {
  append(out, bytes);
  ws::FrameHeader header;
  while (decode_header(bytes, header)) {
    follow(header);
    bytes = bytes.subspan(std::min<std::uint64_t>(bytes.size(), header.header_len + header.payload_len));
  }
}

void Egress::follow(const ws::FrameHeader& header) noexcept {
  closed_ |= header.opcode == ws::kClose;
  if (ws::is_message_start(header.opcode) || header.opcode == ws::kContinuation) message_open_ = !header.fin;
}

}  // namespace wstap::pipeline

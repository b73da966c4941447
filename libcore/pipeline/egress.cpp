// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/egress.h"

#include "libcore/ws/frame_writer.h"

namespace wstap::pipeline {

std::optional<Buffer> Egress::forward(const ws::Frame& frame, Buffer& out) {
  follow(frame.header);
  if (verbatim_) {
    append(out, frame.raw);
    return std::nullopt;
  }
  const bool masks = direction_ == ws::Direction::send;
  const std::size_t at = out.size();
  out.resize(at + ws::minimal_header_len(frame.header.payload_len, masks) + frame.payload().size());
  ws::rewrite_frame(frame, rsv(frame.header), masks ? std::optional(new_mask()) : std::nullopt,
                    out.data() + at);
  if (rsv(frame.header) == frame.header.rsv) return std::nullopt;
  return to_buffer(Bytes(out).subspan(at));
}

Buffer Egress::send(ws::FrameHeader header, Bytes payload, Buffer& out) {
  header.rsv = rsv(header);
  header.masked = direction_ == ws::Direction::send;
  header.mask = header.masked ? new_mask() : ws::MaskKey{};
  follow(header);
  Buffer frame = ws::make_frame(header, payload);
  append(out, frame);
  return frame;
}

void Egress::follow(const ws::FrameHeader& header) noexcept {
  closed_ |= header.opcode == ws::kClose;
  if (ws::is_message_start(header.opcode) || header.opcode == ws::kContinuation) message_open_ = !header.fin;
}

ws::MaskKey Egress::new_mask() {
  ws::MaskKey key;
  entropy_.fill(key);
  return key;
}

}  // namespace wstap::pipeline

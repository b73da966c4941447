// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/frame_reader.h"

#include <fmt/format.h>

#include "libcore/ws/errors.h"
#include "libcore/ws/mask.h"

namespace wstap::ws {

Buffer unmasked_payload(const Frame& frame) {
  Buffer payload = to_buffer(frame.payload());
  mask_in_place(payload, frame.header.mask);
  return payload;
}

FrameReader::Step FrameReader::refuse(const FrameHeader& header) {
  if (header.payload_len >> 63 != 0) {
    error_ = std::make_unique<Error>(Errc::length_top_bit,
                                     fmt::format("payload_len=0x{:016x}", header.payload_len), offset_);
  } else {
    error_ = std::make_unique<Error>(Errc::frame_too_big,
                                     fmt::format("payload_len={} limit={}", header.payload_len, max_payload_),
                                     offset_);
  }
  return Step::error;
}

}  // namespace wstap::ws

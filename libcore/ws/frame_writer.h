// SPDX-License-Identifier: Apache-2.0
// Whole frames from their parts, and frames written anew on their way through, RFC 6455 section 5.2.
#pragma once

#include <optional>

#include "libcore/ws/frame_reader.h"

namespace wstap::ws {

/// One frame: `header` gives fin, rsv, opcode and mask; its lengths are set from `payload`, which is not
/// masked yet.
Buffer make_frame(FrameHeader header, Bytes payload);

/// Writes `frame` anew at `to` with `rsv`, minimal length and `mask` (none: unmasked), changing the mask in
/// one pass.
/// @param to  room for minimal_header_len + payload_len bytes; may overlap the frame when it begins no later
/// than the
///            frame does and the new header is no longer than the old one.
/// @return the bytes written.
std::size_t rewrite_frame(const Frame& frame, std::uint8_t rsv, std::optional<MaskKey> mask,
                          std::byte* to) noexcept;

/// A whole frame that is masked and has a short payload: written anew with the same RSV bits, only its mask
/// is another.
constexpr bool is_short_masked(Bytes raw) noexcept {
  return raw[1] >= std::byte{0x80} && raw[1] <= std::byte{0x80 + kShortPayload};
}
/// Writes such a frame anew at `to`, which may overlap it when it does not begin behind it. @return
/// raw.size().
std::size_t remask_short(Bytes raw, MaskKey mask, std::byte* to) noexcept;

}  // namespace wstap::ws

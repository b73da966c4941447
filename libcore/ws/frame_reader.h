// SPDX-License-Identifier: Apache-2.0
// Cuts a byte stream into frames, RFC 6455 section 5.2. No sockets, no clock; no heap but for an
// error.
#pragma once

#include <algorithm>
#include <memory>

#include "libcore/base/result.h"
#include "libcore/ws/frame_header.h"

namespace wstap::ws {

/// One whole frame in somebody's buffer.
struct Frame {
  FrameHeader header;
  Bytes raw;  ///< header and payload as on the wire (still masked)

  Bytes payload() const noexcept { return raw.subspan(header.header_len); }
};
/// What it carries, as its sender had it before it masked it.
Buffer unmasked_payload(const Frame& frame);

class FrameReader {
 public:
  enum class Step : std::uint8_t { frame, need_more, error };

  /// @param max_payload_bytes  of one frame. No limit admits a length with its top bit set.
  explicit FrameReader(std::uint64_t max_payload_bytes) noexcept
      : max_payload_(std::min(max_payload_bytes, kLongestPayload)) {}

  /// Takes the first frame off `in`, if all of it is there. Any split of the stream gives the same frames, as
  /// long as the caller presents unread bytes again together with what followed them.
  /// @param[in,out] in  unread bytes; advanced past the frame, and not at all otherwise.
  /// @param[out] frame  set when the step is `frame`; valid as long as the bytes behind `in`.
  /// @return `error`: see error(); errors are sticky.
  Step next(Bytes& in, Frame& frame) {
    if (error_) [[unlikely]]
      return Step::error;
    if (!decode_header(in, frame.header)) return more_for_header(in);
    if (frame.header.payload_len > max_payload_) [[unlikely]]
      return refuse(frame.header);
    const std::uint64_t frame_len = frame.header.frame_len();
    if (in.size() < frame_len) {
      wanted_ = frame_len;
      return Step::need_more;
    }
    frame.raw = in.first(static_cast<std::size_t>(frame_len));
    in = in.subspan(static_cast<std::size_t>(frame_len));
    offset_ += frame_len;
    return Step::frame;
  }

  /// Takes frames off `in` while they are whole and of the commonest kind: a text or binary message in one
  /// frame, masked as `masked` says, a short payload. next() would take the same frames, more slowly.
  /// @param compressed  RSV1 is none of this reader's concern; other RSV bits never occur.
  /// @param each  called with where each frame ends.
  template <class Each>
  void take_short_messages(Bytes& in, bool masked, bool compressed, Each&& each) noexcept {
    if (error_ || max_payload_ < kShortPayload) return;
    const std::size_t header_len = minimal_header_len(0, masked);
    const std::byte mask_bit = masked ? std::byte{0x80} : std::byte{0};
    const std::byte first_bits = compressed ? std::byte{0xbf} : std::byte{0xff};  // those that matter
    const std::byte* at = in.data();
    const std::byte* const end = at + in.size();
    while (end - at >= 2) {
      const auto opcode = static_cast<unsigned>((at[0] & first_bits) ^ std::byte{0x80});
      const auto payload_len = static_cast<std::size_t>(at[1] ^ mask_bit);
      if ((opcode != kText && opcode != kBinary) || payload_len > kShortPayload) break;
      if (static_cast<std::size_t>(end - at) < header_len + payload_len) break;
      at += header_len + payload_len;
      each(at);
    }
    const auto taken = static_cast<std::size_t>(at - in.data());
    offset_ += taken;
    in = in.subspan(taken);
  }

  /// After `need_more`: how long the unread bytes must be for the next step to say more (2 bytes to a whole
  /// frame).
  std::uint64_t wanted() const noexcept { return wanted_; }
  /// Bytes of the whole frames read so far: where in the stream the next frame begins.
  std::uint64_t offset() const noexcept { return offset_; }
  /// @error length_top_bit; frame_too_big (detail: payload_len and limit). The offset is the frame's first
  /// byte.
  const Error& error() const noexcept { return *error_; }

 private:
  Step more_for_header(Bytes in) noexcept {
    wanted_ = in.size() < 2 ? 2 : header_len_from(in[1]);
    return Step::need_more;
  }
  Step refuse(const FrameHeader& header);

  static constexpr std::uint64_t kLongestPayload = ~std::uint64_t{0} >> 1;

  std::uint64_t max_payload_;
  std::uint64_t offset_ = 0;
  std::uint64_t wanted_ = 2;
  std::unique_ptr<const Error> error_;
};

}  // namespace wstap::ws

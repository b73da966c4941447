// SPDX-License-Identifier: Apache-2.0
// The far side of an edited direction: frames written towards the peer, and what the peer has seen of a
// message.
#pragma once

#include "libcore/base/entropy.h"
#include "libcore/ws/direction.h"
#include "libcore/ws/frame_reader.h"
#include "libcore/ws/message_tracker.h"

namespace wstap::pipeline {

/// A frame of wstap's own, as the direction's peer must get it: masked anew towards the server, and not
/// towards the client. @param header  its fin, rsv and opcode count.
Buffer own_frame(ws::Direction direction, ws::FrameHeader header, Bytes payload, Entropy& entropy);

/// Ends a message that has no more to say.
inline constexpr ws::FrameHeader kEndOfMessage = {.fin = true, .opcode = ws::kContinuation};

class Egress {
 public:
  /// @param entropy  outlives it. @param message  what the peer has seen already.
  Egress(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim, Entropy& entropy,
         const ws::MessageTracker::State& message = {})
      : direction_(direction),
        negotiated_(negotiated),
        verbatim_(verbatim),
        entropy_(entropy),
        message_open_(message.open),
        closed_(message.closed) {}

  /// A frame that came leaves as FRM-6 has it: its content as it was.
  /// @return the frame, when RSV bits that mean nothing were taken off it.
  std::optional<Buffer> forward(const ws::Frame& frame, Buffer& out);
  /// A frame with content of wstap's own leaves. @return the frame.
  Buffer send(ws::FrameHeader header, Bytes payload, Buffer& out);
  /// Bytes leave as they are. What of them is frames is taken for such.
  void send_exact(Bytes bytes, Buffer& out);

  /// What is left of `header`'s RSV bits on the way to the peer.
  std::uint8_t rsv(const ws::FrameHeader& header) const noexcept {
    return verbatim_ ? header.rsv : negotiated_.rsv_towards_peer(header);
  }
  /// The peer waits for the rest of a message.
  bool message_open() const noexcept { return message_open_; }
  /// The peer has seen a Close: nothing of wstap's own may follow.
  bool closed() const noexcept { return closed_; }
  /// ... and nothing of the sender's (FRM-7).
  bool ended() const noexcept { return closed_ && !verbatim_; }

 private:
  void follow(const ws::FrameHeader& header) noexcept;

  ws::Direction direction_;
  ws::Negotiated negotiated_;
  bool verbatim_;
  Entropy& entropy_;
  bool message_open_;
  bool closed_;
};

}  // namespace wstap::pipeline

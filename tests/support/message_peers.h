// SPDX-License-Identifier: Apache-2.0
// The two ends of a direction, in messages: one that compresses and fragments, and one that reads what
// arrives as strictly as RFC 6455 and RFC 7692 let it.
#pragma once

#include <optional>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/inflating_peer.h"
#include "tests/support/parsed_frame.h"
#include "tests/support/wire.h"

namespace wstap::test {

struct PlainMessage {
  std::uint8_t opcode = 1;
  Buffer content;
  bool operator==(const PlainMessage&) const = default;
};
inline void PrintTo(const PlainMessage& message, std::ostream* out) {
  *out << "{opcode " << int{message.opcode} << ", " << message.content.size()
       << " bytes: " << text(Bytes(message.content).first(std::min<std::size_t>(message.content.size(), 40)))
       << "}";
}

/// The payload of each frame of a message: `payload` in `frames` nearly equal pieces.
inline std::vector<Buffer> in_pieces(Bytes payload, std::size_t frames) {
  std::vector<Buffer> pieces;
  for (std::size_t i = 0; i < frames; ++i) {
    const std::size_t begin = payload.size() * i / frames;
    pieces.push_back(to_buffer(payload.subspan(begin, payload.size() * (i + 1) / frames - begin)));
  }
  return pieces;
}

/// The frames of a message whose payload (compressed or not) these pieces are.
inline std::vector<WireFrame> frames_of(std::uint8_t opcode, bool compressed, std::vector<Buffer> pieces) {
  std::vector<WireFrame> frames;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    frames.push_back({.opcode = i == 0 ? opcode : std::uint8_t{0},
                      .payload = std::move(pieces[i]),
                      .fin = i + 1 == pieces.size(),
                      .rsv = static_cast<std::uint8_t>(i == 0 && compressed ? 4 : 0)});
  return frames;
}

/// Throws at whatever a strict peer would fail the connection for.
class ReceivingPeer {
 public:
  explicit ReceivingPeer(bool takeover = true, int window_bits = 15) : inflater_(takeover, window_bits) {}

  void take(const std::vector<ParsedFrame>& frames) {
    for (const auto& frame : frames) take(frame);
  }
  void take(const ParsedFrame& frame) {
    if (frame.opcode >= 8) {
      if (!frame.fin || frame.rsv != 0 || frame.payload.size() > 125)
        throw std::runtime_error("bad control frame");
      controls.push_back({frame.opcode, frame.payload});
      return;
    }
    if ((frame.opcode == 0) != open_.has_value()) throw std::runtime_error("frame out of order");
    if ((frame.rsv & 3) != 0 || (frame.opcode == 0 && frame.rsv != 0)) throw std::runtime_error("RSV bits");
    if (!open_) {
      open_ = PlainMessage{frame.opcode, {}};
      compressed_ = frame.rsv == 4;
      frames_ = 0;
    }
    ++frames_;
    append(open_->content, frame.payload);
    if (!frame.fin) return;
    if (compressed_) open_->content = inflater_.message(open_->content);
    messages.push_back(*std::exchange(open_, std::nullopt));
    frames_of_messages.push_back(frames_);
    were_compressed.push_back(compressed_);
  }
  bool in_message() const { return open_.has_value(); }

  std::vector<PlainMessage> messages, controls;
  std::vector<std::size_t> frames_of_messages;
  std::vector<bool> were_compressed;

 private:
  InflatingPeer inflater_;
  std::optional<PlainMessage> open_;
  bool compressed_ = false;
  std::size_t frames_ = 0;
};

}  // namespace wstap::test

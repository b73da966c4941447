// SPDX-License-Identifier: Apache-2.0
// The ways in which frames of an edited direction leave, or do not: as they came, written anew, kept until
// their message is whole, compressed again. Each is noted in the turn, and what leaves goes to its
// scratch.out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcore/pipeline/egress.h"
#include "libcore/pipeline/recompressor.h"
#include "libcore/pipeline/step.h"
#include "libcore/pipeline/turn.h"
#include "libcore/pipeline/waiting_frames.h"

namespace wstap::pipeline {

inline constexpr const char* kTooBig = "frame_too_big";
inline constexpr const char* kRecompressed = "recompressed";  ///< its direction was altered before (DEF-4)

class Outlet {
 public:
  /// @param entropy  outlives it. @param message  what has left already.
  Outlet(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim,
         std::uint64_t max_frame_bytes, const ws::MessageTracker::State& message, Entropy& entropy)
      : max_frame_bytes_(max_frame_bytes),
        egress_(direction, negotiated, verbatim, entropy, message),
        recompressor_(negotiated.deflate[ws::index(direction)]) {}

  // One frame that came.
  void forward(Turn& turn, const ws::Frame& frame, std::string cause);
  void send(Turn& turn, const ws::Frame& in_place_of, const ws::FrameHeader& header, Bytes payload,
            Verdict verdict, std::string cause);
  /// ... with other bytes, whatever they are. Frames of its message that wait do not leave.
  void send_exact(Turn& turn, const ws::Frame& in_place_of, Buffer bytes, Verdict verdict, std::string cause);
  void drop(Turn& turn, const ws::Frame& frame, Verdict verdict, const std::string& cause);
  /// It waits for the rest of its message.
  void keep(Turn& turn, const ws::Frame& frame, std::string refused);

  // A message: the frames of it that wait, and the one that came.
  /// They leave as they came.
  void forward_message(Turn& turn, const ws::Frame& frame, std::string cause);
  void drop_message(Turn& turn, const ws::Frame& frame, Verdict verdict, const std::string& cause);
  /// They leave with another payload (DEF-6). @param header  its rsv and opcode are the message's, its fin
  /// the last frame's.
  /// @return why they cannot; they are then dropped.
  std::optional<LaneFault> write_message(Turn& turn, const ws::Frame& frame, const ws::FrameHeader& header,
                                         Bytes payload, Verdict verdict, const std::string& cause);
  /// ... compressed.
  std::optional<LaneFault> compress_message(Turn& turn, const ws::Frame& frame, ws::FrameHeader header,
                                            Bytes content, Verdict verdict, const std::string& cause);
  /// They leave with what they inflated to, compressed anew: a message that is too large to be kept (DEF-5).
  std::optional<LaneFault> stream_message(Turn& turn, const ws::Frame& frame, bool last,
                                          ws::InflatedPart inflated);

  // The frames that wait, without another one.
  void say_with_waiting(std::vector<std::string> tags, std::vector<std::string> logged) {
    waiting_.say(std::move(tags), std::move(logged));
  }
  void forward_waiting(Turn& turn, std::string cause) { waiting_.forward(turn, egress_, std::move(cause)); }
  void drop_waiting(Turn& turn, Verdict verdict, const std::string& cause) {
    waiting_.drop(turn, verdict, cause);
  }
  /// An empty continuation ends what had left before them (PIPE-5).
  void truncate_waiting(Turn& turn, Verdict verdict, const std::string& cause);
  /// Bytes leave in their place as they are.
  void replace_waiting(Turn& turn, Buffer bytes, Verdict verdict, const std::string& cause);
  // @return false: they did not fit, and were dropped.
  /// @param opcode  of the message; 0: as it came.
  bool write_waiting(Turn& turn, Bytes payload, std::uint8_t opcode, const std::string& cause);
  bool stream_waiting(Turn& turn, ws::InflatedPart inflated);

  /// A frame of wstap's own. @return false: the peer has seen a Close, and nothing may follow.
  bool put(Turn& turn, NewFrame& frame);

  /// A compressed message was altered, or did not leave.
  void compressed_altered() { recompressor_.altered(); }
  /// The open message gets no end.
  void leave_unfinished() { recompressor_.leave_unfinished(); }
  /// What is inflated of the open message beyond what is kept of it.
  void beyond(Bytes inflated, Bytes more) { recompressor_.stream({inflated}, more, room()); }
  bool recompresses() const noexcept { return recompressor_.active(); }

  /// See WaitingFrames.
  void stay_pending() noexcept { waiting_.stay_pending(); }
  /// The peer waits for the rest of a message.
  bool message_open() const noexcept { return egress_.message_open(); }
  /// The peer has seen a Close.
  bool closed() const noexcept { return egress_.closed(); }
  /// ... and nothing may follow it.
  bool ended() const noexcept { return egress_.ended(); }
  const WaitingFrames& waiting() const noexcept { return waiting_; }
  /// Since when the first of them does.
  UnixNs waits_since() const noexcept { return waits_since_; }

 private:
  bool fit(const std::vector<Bytes>& pieces) const noexcept;
  /// Bytes that fit into the frames that wait and the one that came.
  std::uint64_t room() const noexcept { return (waiting_.size() + 1) * max_frame_bytes_; }

  std::uint64_t max_frame_bytes_;
  Egress egress_;
  Recompressor recompressor_;
  WaitingFrames waiting_;
  UnixNs waits_since_ = 0;
};

}  // namespace wstap::pipeline

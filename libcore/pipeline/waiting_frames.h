// SPDX-License-Identifier: Apache-2.0
// The fragments of a compressed message that wait for its last one (DEF-6): recorded as pending, until it is
// settled what becomes of them.
#pragma once

#include <vector>

#include "libcore/pipeline/egress.h"
#include "libcore/pipeline/turn.h"

namespace wstap::pipeline {

class WaitingFrames {
 public:
  bool empty() const noexcept { return frames_.empty(); }
  std::size_t size() const noexcept { return frames_.size(); }
  /// The last of them, as on the wire.
  Bytes last() const noexcept { return frames_.empty() ? Bytes() : Bytes(frames_.back().raw); }
  /// Bytes of memory that they take.
  std::uint64_t held() const noexcept { return held_; }

  /// Notes a frame in the turn, as pending. @param refused  why it is not edited as a step wanted; empty:
  /// none did.
  void add(Turn& turn, const ws::Frame& frame, std::string refused);
  /// What is to be said of the message so far, with its last frame.
  void say(std::vector<std::string> tags, std::vector<std::string> logged);
  /// They are recorded as pending: what becomes of them is an outcome. To be called behind the last frame of
  /// a turn, at the latest.
  void stay_pending() noexcept;

  // What becomes of all of them. What leaves goes to the turn's scratch.out.
  void drop(Turn& turn, Verdict verdict, const std::string& cause);
  /// ... and in the last one's place, which has a verdict of its own, something else left.
  void replace(Turn& turn, Verdict verdict, Verdict last, const std::string& cause, Buffer sent);
  /// @param cause  of the last one; empty: there is no other than it waits with.
  void forward(Turn& turn, Egress& egress, std::string cause = {});
  /// @param pieces  the payloads they leave with: one for each, and maybe more.
  /// @param opcode  of the message; 0: as it came.
  void send(Turn& turn, Egress& egress, const std::vector<Bytes>& pieces, std::uint8_t opcode,
            Verdict verdict, const std::string& cause);

  /// Cuts a payload for them and the frame that came, if any, in proportion to what they had.
  std::vector<Bytes> in_frames(Bytes payload, const ws::Frame* came) const;

 private:
  struct Waiting {
    Sequence sequence;
    ws::FrameHeader header;
    Buffer raw;
    std::optional<std::size_t> mark;  ///< in the running turn
    std::string refused;
    std::vector<std::string> tags{}, logged{};
  };
  std::vector<Waiting> take();
  static void settle(Turn& turn, Waiting& frame, Verdict verdict, const std::string& cause,
                     std::optional<Buffer> sent);

  std::vector<Waiting> frames_;
  std::uint64_t held_ = 0;
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// What a plan makes of one direction's frames: every frame is judged, messages leave whole or not at all
// where that can be chosen, and compression stays in step with the peer (PIPE-5, DEF-4 to DEF-6). Sans-I/O.
#pragma once

#include <vector>

#include "libcore/pipeline/egress.h"
#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/recompressor.h"
#include "libcore/pipeline/step.h"
#include "libcore/pipeline/turn.h"
#include "libcore/pipeline/waiting_frames.h"

namespace wstap::pipeline {

class Editor {
 public:
  /// @param plan, options, entropy  outlive it; the plan may change. @param inflates  the direction's
  /// compressed messages are read. @param message  what has left already when the editor is made.
  Editor(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim, bool inflates,
         const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
         Entropy& entropy);

  /// Judges a frame, notes it in the turn, and writes what leaves to the turn's scratch.out.
  /// @param reading  of its payload. @param inflated  its compressed message so far.
  /// @return why the flow must end; the frame is then noted as dropped.
  std::optional<LaneFault> take(Turn& turn, Envelope& envelope, const ws::FrameReading& reading,
                                Bytes inflated);
  /// The open message gets no further frame: what waits of it leaves as it is.
  /// @param inflated  of the message.
  void release(Turn& turn, Bytes inflated);
  /// ... or does not leave: the flow ends.
  void discard(Turn& turn, const std::string& cause);
  /// To be called behind the last frame of a turn.
  void end_turn(Turn& turn);
  /// Nothing leaves any more: what was to be injected behind the open message will not be.
  void abandon_injections();
  /// What was to be injected and could not be, in words; since the last call.
  std::vector<std::string> take_not_injected() { return std::exchange(not_injected_, {}); }

  /// Compressed messages of the direction are written anew: what the inflater does not keep of one over a
  /// bound is to be given to beyond() while it is read.
  bool recompresses() const noexcept { return recompressor_.active(); }
  void beyond(Bytes inflated, Bytes more) { recompressor_.stream(inflated, more, room()); }

  /// Frames wait for the rest of their message.
  bool waits() const noexcept { return !waiting_.empty(); }
  /// Bytes of memory that they take.
  std::uint64_t held() const noexcept { return waiting_.held(); }

 private:
  /// How the frames of the open message leave.
  enum class Course : std::uint8_t {
    frame_by_frame,
    when_whole,  ///< compressed, and may still be altered
    untouched,   ///< compressed, and too much of it to be altered
    streamed,    ///< ... and written anew as it comes
    dropped,     ///< what is left of it does not leave
  };

  const char* refusal(const Envelope& envelope, const ws::FrameReading& reading,
                      Decision::Kind kind) const noexcept;
  std::optional<LaneFault> take_plain(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> drop_plain(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> take_compressed(Turn& turn, const Envelope& envelope,
                                           const ws::FrameReading& reading, Bytes inflated,
                                           Decision decision);
  std::optional<LaneFault> take_as_it_comes(Turn& turn, const Envelope& envelope,
                                            const ws::FrameReading& reading, Bytes inflated,
                                            std::string cause);
  bool fit(const std::vector<Bytes>& pieces) const noexcept;
  /// Bytes that fit into the frames that wait and the one that came.
  std::uint64_t room() const noexcept { return (waiting_.size() + 1) * options_.max_frame_bytes; }
  void drop(Turn& turn, const ws::Frame& frame, Verdict verdict, const std::string& cause);
  void drop_message(Turn& turn, const ws::Frame& frame, Verdict verdict, const std::string& cause);
  std::optional<LaneFault> write_message(Turn& turn, const ws::Frame& last, Bytes content,
                                         std::uint8_t opcode, Verdict verdict, const std::string& cause);
  void forward(Turn& turn, const ws::Frame& frame, std::string cause = {});
  void send(Turn& turn, const ws::Frame& in_place_of, const ws::FrameHeader& header, Bytes payload,
            Verdict verdict, std::string cause);
  void inject(Turn& turn, std::vector<NewFrame> frames, bool behind_message);
  void put(Turn& turn, NewFrame& frame);
  void give_up_injection(const NewFrame& frame, std::string_view why);

  const Plan& plan_;
  const FlowOptions& options_;
  bool unknown_extension_, inflates_;
  Egress egress_;
  Recompressor recompressor_;
  Course course_;
  Decision dropping_;  ///< what decided that the message does not leave
  WaitingFrames waiting_;
  std::vector<NewFrame> later_;  ///< data, for when no message is open
  std::vector<std::string> not_injected_;
};

}  // namespace wstap::pipeline

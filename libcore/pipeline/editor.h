// SPDX-License-Identifier: Apache-2.0
// What a plan makes of one direction's frames: every frame is judged, messages leave whole or not at all
// where that can be chosen, and compression stays in step with the peer (PIPE-5, DEF-4 to DEF-6). Sans-I/O.
#pragma once

#include <vector>

#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/injections.h"
#include "libcore/pipeline/judged_content.h"

namespace wstap::pipeline {

/// Why a message waits no longer.
enum class Release : std::uint8_t {
  waited_long_enough,  ///< its rest may come
  ended,               ///< ... and will not: a Close or the end came
  interrupted,         ///< ... but another message
};

class Editor {
 public:
  /// @param plan, options, entropy, gauge  outlive it; the plan may change. @param inflates  the direction's
  /// compressed messages are read. @param message  what has left already when the editor is made.
  Editor(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim, bool inflates,
         const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
         Entropy& entropy, const BufferGauge* gauge);
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  /// The plan changed. @param message_open  some of a message came before.
  void follow(bool message_open) noexcept;
  /// Judges a frame, notes it in the turn, and writes what leaves to the turn's scratch.out.
  /// @param reading  of its payload. @param inflated  its compressed message so far.
  /// @return why the flow must end; the frame is then noted as dropped.
  std::optional<LaneFault> take(Turn& turn, Envelope& envelope, const ws::FrameReading& reading,
                                Bytes inflated);
  /// What waits of the open message waits no longer: where messages are judged whole, as far as it came, and
  /// what then leaves of it leaves. @param inflated  of the message.
  /// @return why the flow must end.
  std::optional<LaneFault> release(Turn& turn, Bytes inflated, Release why);
  /// ... or does not leave: the flow ends.
  void discard(Turn& turn, const std::string& cause);
  /// A message that left as it came, and will have no end, is judged as far as that was: what is said of it
  /// cannot be recorded with its frames any more.
  void judge_unfinished(Bytes inflated, Release why);
  /// ... and is told here, in words; since the last call.
  std::vector<std::string> take_unfinished() { return std::exchange(unfinished_, {}); }
  /// To be called behind the last frame of a turn.
  void end_turn(Turn& turn);
  /// What rules put beside frames.
  Injections& injections() noexcept { return injections_; }

  /// Compressed messages of the direction are written anew: what the inflater does not keep of one over a
  /// bound is to be given to beyond() while it is read.
  bool recompresses() const noexcept { return outlet_.recompresses(); }
  void beyond(Bytes inflated, Bytes more) { outlet_.beyond(inflated, more); }

  /// A message in one frame may leave beside it, as if it were not there.
  bool stands_by() const noexcept {
    return plan_.needs.passes_messages[ws::index(direction_)] && !outlet_.message_open() && !recompresses() &&
           !waits() && injections_.empty();
  }

  /// Frames wait for the rest of their message.
  bool waits() const noexcept { return !outlet_.waiting().empty(); }
  /// Since when the first of them does.
  UnixNs waits_since() const noexcept { return outlet_.waits_since(); }
  /// Bytes of memory that they take, what their message says, and what is to leave behind it.
  std::uint64_t held() const noexcept {
    return outlet_.waiting().held() + content_.held() + injections_.held();
  }

 private:
  /// How the frames of the open message leave.
  enum class Course : std::uint8_t {
    frame_by_frame,
    when_whole,  ///< it may still be altered
    untouched,   ///< compressed, and too much of it to be altered
    streamed,    ///< ... and written anew as it comes
    dropped,     ///< what is left of it does not leave
  };

  bool is_compressed(const Envelope& envelope) const noexcept;
  void begin_message(const Envelope& first, bool compressed);
  bool must_leave(const Envelope& envelope, const ws::FrameReading& reading) const noexcept;
  std::optional<LaneFault> take_plain(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> drop_plain(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> take_waiting(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> take_compressed(Turn& turn, const Envelope& envelope,
                                           const ws::FrameReading& reading, Bytes inflated,
                                           Decision decision);
  std::optional<LaneFault> take_as_it_comes(Turn& turn, const Envelope& envelope,
                                            const ws::FrameReading& reading, Bytes inflated,
                                            std::string cause);
  void drop_rest(Decision decision);
  static void delay(Turn& turn, std::size_t from, std::int64_t delay_ns);
  Decision judge_so_far(Bytes inflated, Release why);
  std::optional<LaneFault> drop_waiting(Turn& turn, const Decision& decision);
  Course leave_so_far(Turn& turn, Decision& decision, Bytes inflated);

  const Plan& plan_;
  const FlowOptions& options_;
  bool unknown_extension_, inflates_;
  ws::Direction direction_;
  Outlet outlet_;
  Injections injections_;
  Course course_;
  Decision dropping_;  ///< what decided that the message does not leave
  Envelope last_;      ///< fragment of the open message, without its bytes
  JudgedContent content_;
  std::vector<std::string> unfinished_;
};

}  // namespace wstap::pipeline

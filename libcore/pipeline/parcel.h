// SPDX-License-Identifier: Apache-2.0
// What passes from where frames come in to where they leave: a frame, judged by the steps that see it on
// arrival, or word that a message waits no longer.
#pragma once

#include "libcore/pipeline/step.h"

namespace wstap::pipeline {

/// Why a message waits no longer.
enum class Release : std::uint8_t {
  waited_long_enough,  ///< its rest may come
  ended,               ///< ... and will not: a Close or the end came
  interrupted,         ///< ... but another message
};

/// How the frames of a message leave.
enum class Course : std::uint8_t {
  frame_by_frame,
  when_whole,  ///< it may still be altered
  untouched,   ///< compressed, and too much of it to be altered
  streamed,    ///< ... and written anew as it comes
  dropped,     ///< what is left of it does not leave
};

/// Views only, but for the decision; valid as long as what it was made of, unless a HoldLine keeps it.
struct Parcel {
  enum class Kind : std::uint8_t {
    frame,
    so_far,      ///< none: what waits of a message leaves as far as it came
    unfinished,  ///< none: the open message gets no end
  };
  Kind kind = Kind::frame;
  /// Of so_far: the last frame's that waits, without its bytes.
  Envelope envelope;
  ws::FrameHeader came;  ///< the frame's header: that in the envelope is what steps made of it
  Bytes content;         ///< what it is judged by
  /// Of a compressed message that is not kept: what it brings, beyond what parcels before it did.
  ws::InflatedPart inflated;
  ws::InflateState state = ws::InflateState::ok;  ///< of its compressed message so far
  bool corrupt = false;
  bool compressed = false;                    ///< it is of a compressed message, which is read
  Course course = Course::frame_by_frame;     ///< of the message that it begins
  bool kept = false;                          ///< nothing of its message has left before it
  bool must_leave = false;                    ///< its message cannot be kept until it is whole
  Release why = Release::waited_long_enough;  ///< of what is no frame
  std::uint32_t judged_by = 0;                ///< number of the plan that did so far
  Decision decision;                          ///< of the steps up to Intercept, and of a reviewer

  bool is_frame() const noexcept { return kind == Kind::frame; }
  /// As it would leave if nothing more changed it: what it is shown by, and judged by then.
  Bytes payload() const noexcept {
    return decision.kind == Decision::Kind::replace ? Bytes(decision.payload) : content;
  }
  /// It is a fragment, and not a message's last.
  bool goes_on() const noexcept {
    return is_frame() && ws::is_fragment(envelope.placement.part) &&
           !ws::ends_message(envelope.placement.part);
  }
};

}  // namespace wstap::pipeline

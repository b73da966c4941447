// SPDX-License-Identifier: Apache-2.0
// Where the frames of an edited direction come in: each is judged, as soon as it comes, by the steps up to
// Intercept, alone or with its message (SAFE-2, FIL-2). Sans-I/O.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/judged_content.h"
#include "libcore/pipeline/parcel.h"

namespace wstap::pipeline {

class Intake {
 public:
  /// @param plan, options  outlive it; the plan may change. @param inflates  the direction's compressed
  /// messages are read.
  Intake(ws::Direction direction, const ws::Negotiated& negotiated, bool inflates, const Plan& plan,
         const FlowOptions& options) noexcept;

  /// The plan changed. @param message_open  some of a message came before.
  void follow(bool message_open) noexcept;
  /// A frame came. @param reading  of its payload. @param inflated  its compressed message so far.
  /// @return views what was passed in, and what this keeps until let_go().
  Parcel take(Envelope envelope, const ws::FrameReading& reading, Bytes inflated);
  /// The open message, if there is one, waits no longer. @return none: nobody need know.
  std::optional<Parcel> release(Bytes inflated, Release why);
  /// The parcel was dealt with.
  void let_go();
  /// The rest of a message does not leave. @param first  its first frame.
  void drop_rest(Sequence first) noexcept;

  /// A message that left as it came, and will have no end, is judged as far as that was: what is said of it
  /// cannot be recorded with its frames any more.
  void judge_unfinished(Bytes inflated, Release why);
  /// ... and is told here, in words; since the last call.
  std::vector<std::string> take_unfinished() { return std::exchange(unfinished_, {}); }

  /// The open message is judged as one, also by rules that come later: all of it is to be read.
  bool reads_on() const noexcept { return content_.judges_whole() && open_; }
  /// Frames wait for the rest of their message.
  bool waits() const noexcept { return kept_ != 0; }
  /// Since when the first of them does.
  UnixNs waits_since() const noexcept { return waits_since_; }
  /// Bytes of memory in which it keeps what a message says.
  std::uint64_t held() const noexcept { return content_.held(); }

 private:
  bool is_compressed(const Envelope& envelope) const noexcept;
  bool must_leave(const Parcel& parcel) const noexcept;
  void begin_message(Parcel& first);
  void follow_message(Parcel& parcel);
  void hold_later(Decision& decision);
  void hold_with_message(Decision& decision);
  Decision judge(Parcel& parcel) const;
  Decision judge_so_far(Parcel& parcel, Bytes inflated);

  const Plan& plan_;
  const FlowOptions& options_;
  bool unknown_extension_, inflates_;
  ws::Direction direction_;
  JudgedContent content_;
  bool lets_go_ = false;  ///< what the parcel in hand was judged by need not be kept
  // The open message.
  Sequence first_ = 0;
  bool open_ = false;     ///< some of it came, and not its end
  bool keeps_ = false;    ///< nothing of it leaves before it is whole
  bool dropped_ = false;  ///< nothing of it leaves any more, nor is it judged
  std::size_t kept_ = 0;  ///< frames of it that wait
  UnixNs waits_since_ = 0;
  std::vector<std::string> held_by_;  ///< rules by which frames of it that wait would be held
  bool pauses_flow_ = false;
  std::size_t given_ = 0;  ///< of what it inflates to, so much went with parcels
  Envelope last_;          ///< fragment of it, without its bytes
  std::vector<std::string> unfinished_;
};

}  // namespace wstap::pipeline

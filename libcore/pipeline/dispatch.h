// SPDX-License-Identifier: Apache-2.0
// Where the frames of an edited direction leave: the steps behind Intercept judge them, messages leave whole
// or not at all where that can be chosen, and compression stays in step with the peer (PIPE-5, DEF-4 to
// DEF-6). Sans-I/O.
#pragma once

#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/injections.h"
#include "libcore/pipeline/judged_content.h"
#include "libcore/pipeline/parcel.h"

namespace wstap::pipeline {

class Dispatch {
 public:
  /// @param plan, options, entropy, gauge  outlive it; the plan may change. @param message  what has left
  /// already.
  Dispatch(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim,
           const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
           Entropy& entropy, const BufferGauge* gauge);
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;

  /// Deals with what comes next, in the order of its coming: notes it in the turn, and writes what leaves to
  /// the turn's scratch.out.
  /// @return why the flow must end; the frame is then noted as dropped.
  std::optional<LaneFault> take(Turn& turn, Parcel& parcel);
  /// A frame of wstap's own leaves, or a reviewer's: a control frame at once, and data as soon as no message
  /// is open towards the peer.
  void put(Turn& turn, std::vector<NewFrame> frames) { injections_.put_promised(turn, std::move(frames)); }
  /// What waits for the rest of its message does not leave: the flow ends.
  void discard(Turn& turn, const std::string& cause) { outlet_.drop_waiting(turn, Verdict::dropped, cause); }
  /// See WaitingFrames.
  void stay_pending() noexcept { outlet_.stay_pending(); }

  /// The message that is open, or was last, does not leave, nor what is left of it.
  bool drops_message() const noexcept { return course_ == Course::dropped; }
  /// What rules put beside frames.
  Injections& injections() noexcept { return injections_; }
  const Injections& injections() const noexcept { return injections_; }
  Outlet& outlet() noexcept { return outlet_; }
  const Outlet& outlet() const noexcept { return outlet_; }
  /// Bytes of memory that what waits here takes.
  std::uint64_t held() const noexcept { return outlet_.waiting().held() + injections_.held(); }

 private:
  std::optional<LaneFault> take_frame(Turn& turn, Parcel& parcel);
  void send_exact(Turn& turn, Parcel& parcel);
  std::optional<LaneFault> take_so_far(Turn& turn, Parcel& parcel);
  void judge(Parcel& parcel, bool waits);
  void judge_exact(Parcel& parcel) const;
  bool is_late(const Parcel& parcel) const noexcept;
  void remember_end(const Parcel& parcel, bool late);
  std::optional<LaneFault> take_plain(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> drop_plain(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> take_waiting(Turn& turn, const Envelope& envelope, Decision decision);
  std::optional<LaneFault> take_compressed(Turn& turn, const Parcel& parcel, Decision decision);
  std::optional<LaneFault> take_as_it_comes(Turn& turn, const Parcel& parcel, std::string cause);
  std::optional<LaneFault> drop_waiting(Turn& turn, const Parcel& parcel);
  Course leave_so_far(Turn& turn, Parcel& parcel);
  Course replace_so_far(Turn& turn, Parcel& parcel);
  void drop_rest(Decision decision);
  static void delay(Turn& turn, std::size_t from, std::int64_t delay_ns);

  const Plan& plan_;
  const FlowOptions& options_;
  Outlet outlet_;
  Injections injections_;
  Course course_;
  /// Of what left of the open message, where some of that was edited, or waited while rules came; else empty.
  Buffer judged_end_;
  Decision dropping_;  ///< what decided that the message does not leave
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// What a plan makes of one direction's frames: they come in and are judged, wait where they must, are judged
// again and leave. Sans-I/O.
#pragma once

#include <memory>

#include "libcore/pipeline/dispatch.h"
#include "libcore/pipeline/hold_line.h"
#include "libcore/pipeline/intake.h"

namespace wstap::pipeline {

class Editor {
 public:
  /// @param plan, options, entropy, gauge  outlive it; the plan may change. @param inflates  the direction's
  /// compressed messages are read. @param message  what has left already when the editor is made.
  Editor(ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim, bool inflates,
         const ws::MessageTracker::State& message, const Plan& plan, const FlowOptions& options,
         Entropy& entropy, const BufferGauge* gauge)
      : plan_(plan),
        options_(options),
        gauge_(gauge),
        direction_(direction),
        intake_(direction, negotiated, inflates, plan, options),
        dispatch_(direction, negotiated, verbatim, message, plan, options, entropy, gauge) {}

  /// The plan changed. @param message_open  some of a message came before. @param holds  where frames may be
  /// held, which outlives the editor; null: nowhere.
  void follow(bool message_open, FlowHolds* holds);
  /// Judges a frame, notes it in the turn, and writes what leaves to the turn's scratch.out.
  /// @param reading  of its payload. @param inflated  its compressed message so far.
  /// @return why the flow must end; the frame is then noted as dropped.
  std::optional<LaneFault> take(Turn& turn, Envelope envelope, const ws::FrameReading& reading,
                                Bytes inflated);
  /// What waits of the open message waits no longer: where messages are judged whole, as far as it came, and
  /// what then leaves of it leaves. @param inflated  of the message.
  /// @return why the flow must end.
  std::optional<LaneFault> release(Turn& turn, Bytes inflated, Release why);
  /// Nothing that waits leaves: the flow ends.
  void discard(Turn& turn, const std::string& cause);
  /// To be called behind the last frame of a turn.
  void end_turn(Turn& turn);

  /// What is said of messages that left as they came, and had no end.
  void judge_unfinished(Bytes inflated) { intake_.judge_unfinished(inflated, Release::ended); }
  /// ... in words; since the last call.
  std::vector<std::string> take_unfinished() { return intake_.take_unfinished(); }
  /// What rules put beside frames.
  Injections& injections() noexcept { return dispatch_.injections(); }

  // What is held, and what waits behind it (HOLD-1 to HOLD-5).
  /// Something that waited may leave.
  bool ready() const noexcept;
  /// It does, until the turn is full. @return why the flow must end.
  std::optional<LaneFault> depart(Turn& turn);
  /// Somebody decided about what is held, or wants a frame to leave among the others.
  bool has(Sequence sequence) noexcept { return line_ && line_->find(sequence) != nullptr; }
  ReviewAnswer review(const Review& review);
  ReviewAnswer inject(InjectRequest request);
  /// A Ping of wstap's own leaves, unless a Close has.
  void ping(Turn& turn, Bytes payload);
  /// What is held, and should not be any more by `expired`, becomes what is to become of it when nobody
  /// decides. @param by  see Settled.
  void decide_by_default(UnixNs expired, const char* by);
  /// The other direction holds something that stops this one.
  void pause(bool paused) noexcept { paused_ = paused; }
  /// Frames wait, so that nothing more is said of the direction's end before they are gone.
  bool holds() const noexcept { return line_ && !line_->empty(); }
  /// Nothing more should be read of the direction: there is no room for it.
  bool stalls() const noexcept { return line_ && line_->stalls(); }
  /// ... or something was not held for lack of it.
  bool is_short_of_room() const noexcept { return short_of_room_ || stalls(); }
  const HoldLine* line() const noexcept { return line_.get(); }
  void claim_room(UnixNs now) {
    if (line_) line_->claim_room(now);
  }

  /// Compressed messages of the direction are written anew: what the inflater does not keep of one over a
  /// bound is to be given to beyond() while it is read.
  bool recompresses() const noexcept { return !holds() && dispatch_.outlet().recompresses(); }
  void beyond(Bytes inflated, Bytes more) { dispatch_.outlet().beyond(inflated, more); }

  /// A message in one frame may leave beside it, as if it were not there.
  bool stands_by() const noexcept {
    return plan_.needs.passes_messages[ws::index(direction_)] && !dispatch_.outlet().message_open() &&
           !dispatch_.outlet().recompresses() && !waits() && dispatch_.injections().empty() && !paused_ &&
           !holds();
  }

  /// What the open message says is wanted, whatever the plan wants now.
  bool reads_on() const noexcept { return intake_.reads_on(); }
  /// A Close has left.
  bool closed() const noexcept { return dispatch_.outlet().closed(); }
  /// Frames wait for the rest of their message.
  bool waits() const noexcept { return intake_.waits(); }
  /// Since when the first of them does.
  UnixNs waits_since() const noexcept { return intake_.waits_since(); }
  /// Something waits that will not leave when the flow ends.
  bool keeps_any() const noexcept {
    return holds() || !injected_.empty() || !dispatch_.outlet().waiting().empty();
  }
  /// Bytes of memory that they take, what their message says, and what is to leave behind it.
  std::uint64_t held() const noexcept {
    return dispatch_.held() + intake_.held() + (line_ ? line_->bytes() : 0) + injected_bytes_;
  }

 private:
  std::optional<LaneFault> pass(Turn& turn, Parcel& parcel);
  std::optional<LaneFault> leave(Turn& turn, Parcel& parcel);
  std::optional<LaneFault> leave_line(Turn& turn);
  bool heed_pong(Parcel& parcel);
  bool is_to_be_held(Parcel& parcel);
  void give_up(std::vector<NewFrame> frames);
  const char* put_next(NewFrame frame);
  std::vector<NewFrame> take_injected() noexcept;
  Bytes raw_of_waiting(Sequence sequence) const noexcept;
  bool overtakes(const Parcel& parcel) const noexcept;
  void settle_all(Turn& turn);
  bool is_dropped_already(const Parcel& parcel) const noexcept;
  Keepalive& pings(ws::Direction direction) noexcept { return line_->holds().pings[ws::index(direction)]; }

  const Plan& plan_;
  const FlowOptions& options_;
  const BufferGauge* gauge_;
  ws::Direction direction_;
  Intake intake_;
  Dispatch dispatch_;
  std::unique_ptr<HoldLine> line_;  ///< where something may be held
  std::vector<NewFrame> injected_;  ///< by reviewers: they leave next
  std::uint64_t injected_bytes_ = 0;
  bool paused_ = false, short_of_room_ = false;
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// One direction of one flow: unread bytes in; recorded, judged and encoded frames out. Sans-I/O.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "libcore/base/entropy.h"
#include "libcore/pipeline/buffer_gauge.h"
#include "libcore/pipeline/editor.h"
#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/step.h"
#include "libcore/pipeline/tap.h"
#include "libcore/pipeline/turn.h"
#include "libcore/ws/message_reader.h"

namespace wstap::pipeline {

/// What all lanes share. The referenced objects outlive the flow.
struct LaneContext {
  const FlowOptions& options;
  Tap& tap;
  Entropy& entropy;
  Counters& counters;
  const BufferGauge* gauge = nullptr;  ///< null: no bound
  HoldQueue* holds = nullptr;          ///< null: nobody is there to decide, and nothing is held
};

class Lane {
 public:
  /// @param holds  see follow().
  Lane(const FlowOpened& flow, ws::Direction direction, const Plan& plan, FlowHolds* holds,
       LaneContext context);

  /// Works by this plan from the next frame on; it outlives the lane. @param holds  outlives it, too; null:
  /// nothing is held.
  void follow(const Plan& plan, FlowHolds* holds);
  /// The plan wants to read what earlier frames, which nobody read, are needed for (DEF-7).
  bool must_catch_up(const Plan& plan) const noexcept;
  /// To be called before follow(). @param reader  has read all earlier frames; none: the direction is opaque
  /// as far as it refers to them.
  void catch_up(std::optional<ws::MessageReader> reader);

  /// Takes all whole frames off `unread`, records them, and encodes those that leave. The frames are recorded
  /// when it returns without fault; with a fault of recording, `out` is empty.
  /// @param unread  may be rewritten in place: only what follows `used` is still as it was.
  /// @param sequences  the flow's counter; advanced by the number of frames.
  LaneTurn take(MutableBytes unread, UnixNs now, std::atomic<Sequence>& sequences, LaneScratch& scratch);

  /// The flow is recorded as open: windows are said in every part that begins from now on (CAP-5).
  void begin_recording() { part_ = context_.tap.next_part(); }
  /// What waits for the rest of its message waits no longer. @param goes_on  further frames may come.
  LaneTurn release(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences, bool goes_on);
  /// What waited behind what is held, or was, leaves as far as it may.
  LaneTurn depart(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences);
  /// A Ping of wstap's own does.
  LaneTurn ping(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences);
  /// Where frames are judged, and wait. @return null: nowhere.
  Editor* editor() noexcept { return editor_.get(); }
  const Editor* editor() const noexcept { return editor_.get(); }
  /// ... made where there is none.
  Editor& need_editor(const Plan& plan);
  /// ... or will not leave, for `cause`, which is recorded. Nothing else leaves any more, either.
  void discard(const std::string& cause, UnixNs now);
  /// What a turn delayed leaves now: to be called before it does.
  Result<void> leave_delayed(UnixNs now, std::atomic<Sequence>& sequences);
  /// ... or will never leave, for `cause`.
  void drop_delayed(const std::string& cause, UnixNs now);
  /// Bytes of frames that wait for the rest of their message.
  std::uint64_t held() const noexcept { return editor_ ? editor_->held() : 0; }
  /// Since when the first of them does; none: none does.
  std::optional<UnixNs> waits_since() const noexcept {
    return editor_ && editor_->waits() ? std::optional(editor_->waits_since()) : std::nullopt;
  }
  /// Bytes of memory that these take, their message as far as it is inflated, and what is delayed (LIM-4).
  std::uint64_t buffered() const noexcept;

  const LaneCounts& counts() const noexcept { return counts_; }
  std::uint64_t offset() const noexcept { return reader_.offset(); }
  const ws::MessageTracker::State& message() const noexcept { return tracker_.state(); }
  /// The first Close of the direction: code (1005: none given) and reason. Null before one was seen.
  struct CloseSeen {
    std::uint16_t code = 0;
    std::string reason;
  };
  const CloseSeen* close_seen() const noexcept { return close_.get(); }
  /// A Close has left in this direction, whoever said it: nothing of wstap's own may follow.
  bool close_left() const noexcept { return editor_ ? editor_->closed() : close_ != nullptr; }
  /// From now on frames are recorded as dropped, for `cause`, and none leaves: wstap has said its own Close.
  void mute(std::string cause) { muted_ = std::make_unique<std::string>(std::move(cause)); }
  /// Something that happened to a message, for the flow's notes.
  struct Event {
    const char* kind;
    std::string detail;
  };
  /// Since the last call.
  std::vector<Event> take_events();

 private:
  void say_window();
  Turn begin_turn(MutableBytes unread, UnixNs now, LaneScratch& scratch, Sequence first);
  LaneTurn end_turn(Turn& turn);
  template <class Work>
  LaneTurn turn_without_input(UnixNs now, LaneScratch& scratch, std::atomic<Sequence>& sequences, Work work);
  void scan(Turn& turn);
  bool passes_messages() const noexcept;
  bool passes_compressed() const noexcept;
  bool passes(const ws::FrameHeader& header) const noexcept;
  bool is_for_editor(Bytes rest) const noexcept;
  bool admit(Turn& turn, const ws::Frame& frame);
  bool admit_unusual(Turn& turn, const ws::Frame& frame, const ws::Placement& placed);
  void check_incomplete(Turn& turn);
  void note_close(const ws::Frame& frame);
  std::optional<LaneFault> fault_of(const ws::FrameHeader& header, std::uint64_t message_bytes,
                                    std::uint64_t offset) const;
  bool looks_at_payloads(const Plan& plan) const noexcept;
  bool wants_content(const Plan& plan) const noexcept;
  /// What of the open compressed message, or the last one, is inflated.
  Bytes inflated() const noexcept { return payloads_ ? Bytes(payloads_->message()) : Bytes(); }
  const ws::DeflateParameters& deflate_parameters() const noexcept {
    return negotiated_.deflate[ws::index(direction_)];
  }
  bool reads(const ws::Placement& placed) const noexcept;
  ws::FrameReading read(Turn& turn, const ws::Frame& frame, const ws::Placement& placed);
  void note_limits(const ws::Placement& placed, std::uint64_t payload_len, const ws::FrameReading& reading);
  bool drop(Turn& turn, const ws::Frame& frame, std::string cause);
  bool end_with(Turn& turn, const ws::Frame& frame, LaneFault fault, std::string cause = {});
  void pass_on(Turn& turn, const ws::Frame& frame, ws::AnomalySet anomalies);
  bool edit(Turn& turn, const ws::Frame& frame, const ws::Placement& placed, const ws::FrameReading& reading,
            ws::AnomalySet anomalies);
  Result<void> record(Turn& turn);
  Result<void> record_own(std::span<Departure> frames, UnixNs now, std::atomic<Sequence>& sequences);
  Result<void> record_outcome(Outcome& outcome);

  FlowId flow_;
  ws::Direction direction_;
  ws::Negotiated negotiated_;
  LaneContext context_;
  bool verbatim_;
  bool looks_at_payload_ = false;  ///< at every frame's, and not only at compressed ones
  std::uint32_t part_ = 0;         ///< of the recording, in which the window is known
  ws::InflateState inflate_state_ = ws::InflateState::ok;  ///< of the last compressed frame
  ws::FrameReader reader_;
  ws::MessageTracker tracker_;
  LaneCounts counts_;
  // What most flows never need takes no room in a flow that is idle.
  std::unique_ptr<const CloseSeen> close_;
  std::vector<Event> events_;
  std::unique_ptr<const std::string> muted_;
  std::unique_ptr<ws::MessageReader> payloads_;
  std::unique_ptr<Editor> editor_;  ///< where the plan has steps
  std::vector<Departure> delayed_;  ///< what is to be said when something leaves later
};

}  // namespace wstap::pipeline

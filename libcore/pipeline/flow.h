// SPDX-License-Identifier: Apache-2.0
// One open WebSocket, from the upgrade to its end: two lanes, one sequence counter, and the rules by which it
// closes (RFC 6455 section 7, FRM-7). Sans-I/O; used by one thread.
#pragma once

#include "libcore/pipeline/current_pipeline.h"
#include "libcore/pipeline/lane.h"

namespace wstap::pipeline {

/// How a direction's byte stream ended.
enum class StreamEnd : std::uint8_t {
  eof,
  eof_without_close_notify,  ///< TLS cut off: taken for an end, and noted
  reset,
};

class Flow {
 public:
  /// @param opened  its id, facts and times are final; kept for as long as the flow lives.
  /// @param current  outlives it: where its pipeline comes from, also when that is replaced.
  Flow(FlowOpened opened, CurrentPipeline& current, LaneContext context);
  /// ... which never is.
  Flow(FlowOpened opened, const Pipeline& pipeline, LaneContext context);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// Records the flow. To be called once, before the response that opens it is passed on.
  Result<void> open();

  /// Works by another plan from the next frame on. What that wants to read and nobody has is read from the
  /// recording, or the direction becomes opaque (DEF-7).
  void replan(const Pipeline& pipeline);

  /// See Lane::take. A fault ends the flow: send `out`, then what farewell() gives, then finish(). Where a
  /// limit holds back what came (LIM-5), which is noted once, the turn says for how long.
  LaneTurn take(ws::Direction direction, MutableBytes unread, UnixNs now, LaneScratch& scratch);

  /// Some limit covers the flow: what came may have to wait, and should not be much.
  bool may_be_limited() const noexcept { return limits_ != nullptr; }

  /// What a turn delayed (LaneTurn::delay_ns) leaves now. To be called before it does.
  /// @return whether it may: nothing leaves unrecorded.
  bool leave_delayed(ws::Direction direction, UnixNs now);

  // What is held in the flow, and what else falls due without anything coming (HOLD-1 to HOLD-5).
  /// To whom decisions about its frames go. To be called before anything comes.
  void decided_by(std::weak_ptr<HoldParty> party);
  /// Something may be held in it, or was.
  bool may_hold() const noexcept { return holds_ != nullptr; }
  /// Nothing more should be read of the direction before chores are done.
  bool stalls(ws::Direction direction) const noexcept;
  /// Frames of the direction are held, or wait behind such.
  bool holds(ws::Direction direction) const noexcept;
  bool holds_any() const noexcept { return holds(ws::Direction::send) || holds(ws::Direction::receive); }
  /// Something may leave that way, though nothing comes.
  bool has_chore(ws::Direction direction, UnixNs now) const noexcept;
  /// It does. See Lane::take for what it gives; there may be more.
  LaneTurn do_chore(ws::Direction direction, UnixNs now, LaneScratch& scratch);
  /// When there will be one, if nothing happens before; none: never.
  std::optional<UnixNs> next_chore(ws::Direction direction) const noexcept;
  /// When expire() is to be called.
  std::optional<UnixNs> next_expiry() const noexcept;
  /// What was held long enough becomes what is to become of it when nobody decides.
  void expire(UnixNs now);
  /// ... whatever is held does, at once. @param by  see Settled.
  void decide_all(const char* by, UnixNs now);
  /// What becomes of it is a chore.
  ReviewAnswer review(const Review& review, UnixNs now);
  ReviewAnswer inject(InjectRequest request);
  /// There may be room in the queue again.
  void claim_room(UnixNs now);
  /// What is to be told of it.
  void add_to(FlowSummary& summary) const;

  /// Frames that wait for the rest of their message wait no longer. See Lane::take for what it gives.
  /// @param goes_on  false: the direction's sender ends in order; to be called before ended().
  LaneTurn release(ws::Direction direction, UnixNs now, LaneScratch& scratch, bool goes_on);
  /// When they are to be released, at the latest; none: none waits.
  std::optional<UnixNs> release_due(ws::Direction direction) const noexcept;
  /// Bytes of memory that their message takes (LIM-4).
  std::uint64_t buffered(ws::Direction direction) const noexcept {
    return lanes_[ws::index(direction)].buffered();
  }

  /// The direction's sender will send no more. May fail the flow: see failed() and farewell().
  /// @param unfinished  bytes that were received and are no whole frame.
  void ended(ws::Direction direction, StreamEnd end, Bytes unfinished);
  /// Bytes that were received and will not be taken any more; kept on the flow's end.
  void keep_unfinished(ws::Direction direction, Bytes unfinished);
  /// Not all of the frames from `first` on could be handed to the direction's receiver.
  void undelivered(ws::Direction direction, Sequence first);
  /// Ends the flow by wstap's own decision: "shutdown", "close_timeout", "idle_timeout", ...
  void give_up(std::string_view reason, std::string detail = {});
  /// Records that something happened, and lists its kind with how the flow ended (LIM-4).
  /// @param kind  "buffers_limited"
  void add_note(std::string_view kind, std::string_view detail, UnixNs now);
  /// The same, unless it has that kind of note already.
  void add_note_once(std::string_view kind, std::string_view detail, UnixNs now);

  /// Close frames wstap sends of its own accord when a flow ends by fault or by give_up(); recorded as
  /// synthetic. Each travels in the direction it is indexed by; empty where a Close went that way already or
  /// wstap has none to send.
  std::array<Buffer, 2> farewell(UnixNs now);

  /// Records the end, once; later calls do nothing.
  Result<void> finish(UnixNs now);

  FlowId id() const noexcept { return closed_.id; }
  bool failed() const noexcept { return state_ == FlowState::error; }
  /// A Close went each way: nothing more is to be expected.
  bool closed_both_ways() const noexcept { return closed(0) && closed(1); }
  bool closed_one_way() const noexcept { return closed(0) || closed(1); }

 private:
  bool has_note(std::string_view kind) const;
  std::unique_ptr<FlowHolds> begin_holding(const Pipeline& pipeline);
  void follow_holds(UnixNs now);
  void decide_by_default(UnixNs until, const char* by, UnixNs now);
  bool is_ping_due(ws::Direction direction, UnixNs now) const noexcept;
  void follow_current();
  void follow();
  void limit();
  LaneTurn take_limited(ws::Direction direction, MutableBytes unread, UnixNs now, LaneScratch& scratch);
  bool closed(std::size_t lane) const noexcept { return lanes_[lane].close_seen() != nullptr; }
  /// How the flow ended is known: what still happens does not change it.
  bool settled() const noexcept { return failed() || shut_down_ || closed_both_ways(); }
  void fail(Party began, std::string reason, std::string detail, std::uint64_t offset);
  void after_turn(ws::Direction direction, const LaneTurn& turn, Bytes unread, UnixNs now);
  void note_events(Lane& lane, UnixNs now);
  FlowClosed closing_record(UnixNs now);
  Buffer synthetic_close(ws::Direction direction, std::uint16_t code, UnixNs now);

  UnixNs since_ns_;
  std::unique_ptr<const FlowOpened> opened_;  ///< until it is recorded: heads and certificates are large
  LaneContext context_;
  CurrentPipeline* current_ = nullptr;
  std::uint64_t version_ = 0;  ///< of the pipeline that the plan was made of
  FlowNames names_;
  std::unique_ptr<FlowLimits> limits_;  ///< null: none
  Plan plan_;
  std::weak_ptr<HoldParty> party_;
  std::unique_ptr<FlowHolds> holds_;  ///< null: nothing was ever to be held
  std::array<Lane, 2> lanes_;
  std::atomic<Sequence> sequences_;
  FlowState state_ = FlowState::active;
  FlowClosed closed_;                        ///< filled as things become known
  std::array<std::uint16_t, 2> farewell_{};  ///< close code to send each way; 0: none
  std::array<bool, 2> over_{};               ///< the direction ended in order: nothing more can be said there
  bool shut_down_ = false;
  bool finished_ = false;
  bool unlimited_ = false;  ///< what still comes goes nowhere
};

}  // namespace wstap::pipeline

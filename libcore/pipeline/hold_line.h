// SPDX-License-Identifier: Apache-2.0
// The frames of one direction that wait, in the order in which they came: those that are held until somebody
// decides, and what came behind them (HOLD-1, HOLD-5). Sans-I/O; used by one thread.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>

#include "libcore/pipeline/buffer_gauge.h"
#include "libcore/pipeline/hold_queue.h"
#include "libcore/pipeline/keepalive.h"
#include "libcore/pipeline/parcel.h"
#include "libcore/pipeline/turn.h"

namespace wstap::pipeline {

// Frames of reviewers that have not left yet, at one place.
inline constexpr std::size_t kMostInjected = 4096;
inline constexpr const char* kTooManyInjected = "too many frames wait to be sent there";
inline constexpr const char* kBuffersFull = "too much waits in buffers (--max-buffered)";
inline constexpr const char* kQueueFull = "too much is held (--hold-bytes)";

/// What both directions of a flow need where frames may be held.
struct FlowHolds {
  HoldQueue& queue;
  std::string upgrade_url;
  HoldSettings settings;
  std::weak_ptr<HoldParty> party;     ///< decides about the flow's frames
  std::array<Keepalive, 2> pings{};   ///< by ws::index of the direction in which they travel
  std::array<UnixNs, 2> next_ping{};  ///< of wstap's own; 0: none, nothing is held
};

class HoldLine {
 public:
  /// What waits, with the bytes that its parcel views.
  struct Place {
    Parcel parcel;
    Buffer raw, content, judged_before, inflated;
    std::shared_ptr<HeldItem> item;  ///< null: it only waits behind others
    bool has_room = false;           ///< it counts in the queue, and is shown there if it is held
    std::uint64_t bytes = 0;         ///< of memory, as it came
    std::uint64_t added = 0;         ///< ... and by what reviewers made of it and put behind it
    std::string by;                  ///< who decided about it; empty: nobody yet
    std::vector<NewFrame> after;     ///< leave behind it

    bool is_undecided() const noexcept { return item != nullptr && by.empty(); }
  };

  /// @param holds  outlives what waits. @param direction  of its frames.
  HoldLine(FlowHolds& holds, ws::Direction direction) noexcept : holds_(holds), direction_(direction) {}
  HoldLine(const HoldLine&) = delete;
  HoldLine& operator=(const HoldLine&) = delete;

  /// Notes a frame in the turn, as pending, and keeps it; or what waits of a message, whose frames are
  /// pending already. @param held  somebody is to decide about it.
  void park(Turn& turn, Parcel parcel, bool held);
  /// What there was no room for in the queue gets it, if there is.
  void claim_room(UnixNs now);
  /// The first leaves the line.
  Place take_front();
  // What reviewers make takes memory as well (HOLD-5, LIM-4). @return null; or there is no room for it, and
  // why, and nothing changed. @param gauge  null: only the queue is bounded.
  const char* take_edit(Place& place, Decision decision, const BufferGauge* gauge);
  const char* put_behind(Place& place, NewFrame frame, const BufferGauge* gauge);
  /// Who decided about an item, and what; its parcel says it already. @param how  see Settled.
  void settle(Place& place, std::string_view how, std::string by);

  bool empty() const noexcept { return places_.empty(); }
  std::size_t size() const noexcept { return places_.size(); }
  Place& front() noexcept { return places_.front(); }
  const Place& front() const noexcept { return places_.front(); }
  std::deque<Place>& places() noexcept { return places_; }
  /// @return null: no such item is shown.
  Place* find(Sequence sequence) noexcept;
  /// Nothing more should be read: there is no room in the queue for what came last.
  bool stalls() const noexcept { return !places_.empty() && !places_.back().has_room; }
  /// So many items wait for a decision.
  std::size_t undecided() const noexcept { return undecided_; }
  /// ... by a rule that stops the other direction as well.
  bool pauses_flow() const noexcept { return pausing_ != 0; }
  /// When the first that is shown has waited long enough; none: none is.
  std::optional<UnixNs> due() const noexcept {
    return expiries_.empty() ? std::nullopt : std::optional(*expiries_.begin());
  }
  /// Bytes of memory that all take.
  std::uint64_t bytes() const noexcept { return bytes_; }

  FlowHolds& holds() noexcept { return holds_; }

 private:
  const char* take_more(Place& place, std::uint64_t bytes, const BufferGauge* gauge);
  static void note(Turn& turn, Parcel& parcel, bool held);
  void grow(Place& place, std::uint64_t bytes) noexcept;
  std::shared_ptr<HeldItem> item_of(const Parcel& parcel, UnixNs now) const;

  FlowHolds& holds_;
  ws::Direction direction_;
  std::deque<Place> places_;
  std::size_t undecided_ = 0;
  std::unordered_map<Sequence, Place*> shown_;
  // Of those that are shown, and undecided: what nobody can decide about would stop what gives it room.
  std::multiset<UnixNs> expiries_;
  std::size_t pausing_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace wstap::pipeline

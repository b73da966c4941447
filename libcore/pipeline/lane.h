// SPDX-License-Identifier: Apache-2.0
// One direction of one flow: unread bytes in; recorded, judged and encoded frames out. Sans-I/O.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "libcore/base/entropy.h"
#include "libcore/pipeline/flow_options.h"
#include "libcore/pipeline/step.h"
#include "libcore/pipeline/tap.h"
#include "libcore/ws/payload_checker.h"

namespace wstap::pipeline {

/// Memory for one turn, lent by a worker and shared by all its flows.
struct LaneScratch {
  std::vector<std::uint32_t> ends;
  std::vector<Mark> marks;
  Buffer payload;  ///< one frame's, unmasked
  Buffer out;      ///< what leaves, when it cannot be made in place
};

/// Why a flow must end: a fault of framing, a limit, an anomaly under `--on-anomaly close`, a failed
/// recording.
struct LaneFault {
  std::string reason;            ///< "frame_too_big"
  std::string detail;            ///< "payload_len=... limit=..."
  std::uint64_t offset = 0;      ///< in the direction's byte stream
  std::uint16_t close_code = 0;  ///< for the peer that did it; 0: wstap's own fault
};

/// The result of one turn. `out` is to be sent, whatever `fault` says; it views the turn's input or the
/// scratch.
struct LaneTurn {
  Bytes out;
  std::size_t used = 0;      ///< bytes of the input that were whole frames; the rest is to be presented again
  std::uint64_t wanted = 0;  ///< how long the first incomplete frame will be, as far as known
  Sequence first_sequence = 0;  ///< of the turn's frames
  bool closed = false;          ///< a Close frame was among them
  std::optional<LaneFault> fault;
};

/// What all lanes share. The referenced objects outlive the flow.
struct LaneContext {
  const FlowOptions& options;
  Tap& tap;
  Entropy& entropy;
  Counters& counters;
};

class Lane {
 public:
  Lane(const FlowOpened& flow, ws::Direction direction, const Plan& plan, LaneContext context);

  /// Takes all whole frames off `unread`, records them, and encodes those that leave. The frames are recorded
  /// when it returns without fault; with a fault of recording, `out` is empty.
  /// @param unread  may be rewritten in place: only what follows `used` is still as it was.
  /// @param sequences  the flow's counter; advanced by the number of frames.
  LaneTurn take(MutableBytes unread, UnixNs now, std::atomic<Sequence>& sequences, LaneScratch& scratch);

  const LaneCounts& counts() const noexcept { return counts_; }
  std::uint64_t offset() const noexcept { return reader_.offset(); }
  const ws::MessageTracker::State& message() const noexcept { return tracker_.state(); }
  /// The first Close of the direction: code (1005: none given) and reason. Null before one was seen.
  struct CloseSeen {
    std::uint16_t code = 0;
    std::string reason;
  };
  const CloseSeen* close_seen() const noexcept { return close_.get(); }
  /// From now on frames are recorded as dropped, for `cause`, and none leaves: wstap has said its own Close.
  void mute(std::string cause) { muted_ = std::make_unique<std::string>(std::move(cause)); }
  /// Sequence numbers of messages that grew past the limit and were passed on, since the last call.
  std::vector<Sequence> take_limited_messages() { return std::exchange(limited_, {}); }

 private:
  struct Turn;
  void scan(Turn& turn);
  bool takes_short_messages() const noexcept;
  bool admit(Turn& turn, const ws::Frame& frame);
  bool admit_unusual(Turn& turn, const ws::Frame& frame, const ws::Placement& placed);
  void check_incomplete(Turn& turn);
  void note_close(const ws::Frame& frame);
  std::optional<LaneFault> fault_of(const ws::FrameHeader& header, std::uint64_t message_bytes,
                                    std::uint64_t offset) const;
  ws::AnomalySet look_at_payload(Turn& turn, const ws::Frame& frame, const ws::Placement& placed);
  void run_steps(Turn& turn, const ws::Frame& frame, const ws::Placement& placed, ws::AnomalySet anomalies);
  void mark_changed(Turn& turn, const ws::FrameHeader& header, Bytes payload, Verdict verdict,
                    std::string cause);
  Result<void> record(Turn& turn);
  Bytes encode(Turn& turn);
  std::size_t encode_into(const Turn& turn, std::byte* to);
  std::uint8_t rsv_towards_peer(const ws::FrameHeader& header) const noexcept;
  ws::MaskKey new_mask();

  FlowId flow_;
  ws::Direction direction_;
  ws::Negotiated negotiated_;
  const Plan& plan_;
  LaneContext context_;
  bool verbatim_;
  bool looks_at_payload_;
  ws::FrameReader reader_;
  ws::MessageTracker tracker_;
  ws::PayloadChecker checker_;
  LaneCounts counts_;
  // What most flows never need takes no room in a flow that is idle.
  std::unique_ptr<const CloseSeen> close_;
  std::vector<Sequence> limited_;
  std::unique_ptr<const std::string> muted_;
};

}  // namespace wstap::pipeline

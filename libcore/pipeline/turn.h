// SPDX-License-Identifier: Apache-2.0
// One turn of a lane: the frames that one read brought, what is to be recorded of them, and what leaves.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libcore/pipeline/burst.h"
#include "libcore/ws/close.h"
#include "libcore/ws/frame_reader.h"

namespace wstap::pipeline {

/// Memory for one turn, lent by a worker and shared by all its flows.
struct LaneScratch {
  std::vector<std::uint32_t> ends;
  std::vector<Mark> marks;
  Buffer payload;   ///< one frame's, unmasked
  Buffer recorded;  ///< what is recorded, when frames of wstap's own are among what came
  Buffer out;       ///< what leaves, when it cannot be made in place

  /// `out` is as large as it was: who makes it in place of what came need not clear it.
  void clear() noexcept {
    ends.clear();
    marks.clear();
    for (Buffer* buffer : {&recorded, &out})
      if (buffer->capacity() > kKept) *buffer = Buffer();
  }

 private:
  // What a turn took beyond this is given back: such turns are rare, and workers many.
  static constexpr std::size_t kKept = std::size_t{4} << 20;
};

/// Why a flow must end: a fault of framing, a limit, an anomaly under `--on-anomaly close`, a failed
/// recording.
struct LaneFault {
  std::string reason;                            ///< "frame_too_big"
  std::string detail;                            ///< "payload_len=... limit=..."
  std::uint64_t offset = 0;                      ///< in the direction's byte stream
  std::uint16_t close_code = 0;                  ///< for the peer that did it; 0: wstap's own fault
  std::uint16_t receiver_code = ws::kGoingAway;  ///< for the other
};

/// The result of one turn. `out` is to be sent, whatever `fault` says; it views the turn's input or the
/// scratch.
struct LaneTurn {
  Bytes out;
  std::size_t used = 0;      ///< bytes of the input that were whole frames; the rest is to be presented again
  std::uint64_t wanted = 0;  ///< how long the first incomplete frame will be, as far as known
  Sequence first_sequence = 0;  ///< of the turn's frames
  bool closed = false;          ///< a Close frame was among them
  /// Not 0: what of `out` is behind `delayed_from` leaves so much later, when Flow::leave_delayed() was
  /// called, and nothing is taken before that.
  std::int64_t delay_ns = 0;
  std::size_t delayed_from = 0;
  bool more = false;          ///< whole frames were not taken, and can be at once
  std::int64_t limit_ns = 0;  ///< not 0: whole frames that were not taken may be so much later (LIM-5)
  std::optional<LaneFault> fault;
};

/// A frame that wstap made.
struct OwnFrame {
  Buffer raw;
  Verdict verdict = Verdict::injected;
  std::string cause;
};
/// What is to be recorded when something delayed leaves: what became of a frame that is recorded as pending,
/// or a frame.
using Departure = std::variant<Outcome, OwnFrame>;

/// What became of a frame that an earlier turn recorded as pending.
struct PlacedOutcome {
  Outcome outcome;
  std::uint32_t behind = 0;  ///< so many of this turn's frames: it is recorded where it happened
};

/// A turn in the making.
struct Turn {
  MutableBytes unread;
  UnixNs now = 0;
  LaneScratch& scratch;
  Sequence first_sequence = 0;
  LaneTurn result;
  std::vector<PlacedOutcome> outcomes;
  /// The next frame that is noted was recorded as pending by an earlier turn: what is said of it is its
  /// outcome.
  std::optional<Sequence> recorded;
  Mark said_later;                          ///< ... in the making
  std::map<Sequence, std::string> decided;  ///< about frames that were held, by whom
  bool delays = false;                      ///< frames that are noted leave later: they are pending
  std::vector<Departure> delayed;           ///< what is then to be said of them, in order
  std::uint32_t own_frames = 0;             ///< made by wstap
  std::vector<std::string> tags, logged;    ///< of the next frame that is noted
  bool rewrites = false;                    ///< some frame leaves with other bytes than it came with
  bool judged = false;                      ///< the editor makes what leaves, from all of its frames
  bool grows = false;                       ///< ... and with more of them, so that it cannot be done in place

  std::uint32_t frames() const noexcept { return static_cast<std::uint32_t>(scratch.ends.size()); }
  Sequence next_sequence() const noexcept { return recorded.value_or(first_sequence + frames()); }

  /// What is to be said of the next frame that is noted.
  Mark& mark(Verdict verdict, std::string cause) {
    if (recorded) return said_later = Mark{0, verdict, std::move(cause), {}, {}};
    return mark_next(verdict, std::move(cause));
  }
  /// A frame that came.
  void note(const ws::Frame& frame) {
    if (recorded) return note_outcome();
    if (!tags.empty() || !logged.empty()) {
      Mark& said = own_mark();
      said.tags = std::exchange(tags, {});
      said.logged = std::exchange(logged, {});
    }
    if (delays) put_off();
    if (own_frames == 0) {
      scratch.ends.push_back(static_cast<std::uint32_t>(frame.raw.data() + frame.raw.size() - unread.data()));
    } else {
      record(frame.raw);
    }
  }
  /// A frame that wstap made, at this place among those that came.
  void note_own(Bytes frame, Verdict verdict, std::string cause) {
    if (delays) {
      delayed.emplace_back(OwnFrame{to_buffer(frame), verdict, std::move(cause)});
      return;
    }
    if (own_frames++ == 0)
      scratch.recorded = to_buffer(unread.first(scratch.ends.empty() ? 0 : scratch.ends.back()));
    mark_next(verdict, std::move(cause));
    record(frame);
  }
  /// All frames end to end, once result.used is known.
  Bytes raw() const noexcept { return own_frames == 0 ? Bytes(unread).first(result.used) : scratch.recorded; }

  /// What leaves is so much that the frames behind it are better left for another turn. One frame may make
  /// any turn larger than this, but only one.
  bool is_full() const noexcept {
    return scratch.out.size() >= kFull || scratch.marks.size() >= kFullOfMarks;
  }

  /// What became of a frame that an earlier turn recorded as pending.
  void settle(Outcome outcome) {
    if (const auto by = decided.find(outcome.sequence); by != decided.end()) outcome.decided_by = by->second;
    if (delays) {
      delayed.emplace_back(std::move(outcome));
    } else {
      outcomes.push_back({std::move(outcome), frames()});
    }
  }

  /// What was delayed leaves at once, if at all.
  void delay_nothing() {
    for (auto& departure : std::exchange(delayed, {})) {
      if (auto* outcome = std::get_if<Outcome>(&departure)) {
        outcomes.push_back({std::move(*outcome), frames()});
      } else {
        auto& own = std::get<OwnFrame>(departure);
        note_own(own.raw, own.verdict, std::move(own.cause));
      }
    }
  }

 private:
  void note_outcome() {
    settle({.sequence = *std::exchange(recorded, std::nullopt),
            .time_ns = now,
            .verdict = said_later.verdict,
            .cause = std::move(said_later.cause),
            .sent = std::move(said_later.sent),
            .tags = std::exchange(tags, {}),
            .logged = std::exchange(logged, {})});
    said_later = {};
  }

  static constexpr std::size_t kFull = std::size_t{2} << 20, kFullOfMarks = 16 * 1024;

  Mark& mark_next(Verdict verdict, std::string cause) {
    rewrites = true;
    return scratch.marks.emplace_back(Mark{frames(), verdict, std::move(cause), {}, {}});
  }
  /// Of the next frame that is noted.
  Mark& own_mark() {
    if (scratch.marks.empty() || scratch.marks.back().frame != frames()) mark(Verdict::forwarded, {});
    return scratch.marks.back();
  }
  void put_off() {
    Mark& said = own_mark();
    if (said.verdict == Verdict::dropped) return;
    delayed.emplace_back(Outcome{.sequence = next_sequence(),
                                 .verdict = std::exchange(said.verdict, Verdict::pending),
                                 .cause = std::exchange(said.cause, {}),
                                 .sent = std::exchange(said.sent, std::nullopt)});
  }
  void record(Bytes frame) {
    append(scratch.recorded, frame);
    scratch.ends.push_back(static_cast<std::uint32_t>(scratch.recorded.size()));
  }
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// What a lane records: its turns, what became of frames that waited, and windows (CAP-2, CAP-3, CAP-5).
#include <algorithm>

#include "libcore/pipeline/burst_pieces.h"
#include "libcore/pipeline/lane.h"

namespace wstap::pipeline {

/// A part of the recording began since the last turn: says what its reader needs to inflate what follows.
void Lane::say_window() {
  if (!payloads_ || !payloads_->has_window()) return;
  const std::uint32_t part = context_.tap.next_part();
  if (part == std::exchange(part_, part)) return;
  // Where it cannot be recorded only readers of that part miss it; the frames' own record will tell whether
  // recording still works.
  (void)context_.tap.window({flow_, direction_, payloads_->window()});
}

Result<void> Lane::leave_delayed(UnixNs now, std::atomic<Sequence>& sequences) {
  auto leaving = std::exchange(delayed_, {});
  const auto is_outcome = [](const Departure& departure) {
    return std::holds_alternative<Outcome>(departure);
  };
  for (auto next = leaving.begin(); next != leaving.end();) {
    Result<void> recorded;
    if (auto* outcome = std::get_if<Outcome>(&*next)) {
      outcome->time_ns = now;
      recorded = record_outcomes({outcome, 1});
      ++next;
    } else {
      const auto end = std::find_if(next, leaving.end(), is_outcome);
      recorded = record_own({next, end}, now, sequences);
      next = end;
    }
    if (!recorded) return recorded;
  }
  return {};
}

/// Frames of wstap's own are recorded when they leave, and not before: what they are is no matter of what
/// becomes of them.
Result<void> Lane::record_own(std::span<Departure> frames, UnixNs now, std::atomic<Sequence>& sequences) {
  LaneScratch scratch;
  Turn turn = begin_turn({}, now, scratch, sequences.fetch_add(frames.size(), std::memory_order_relaxed));
  for (Departure& frame : frames) {
    auto& own = std::get<OwnFrame>(frame);
    turn.note_own(own.raw, own.verdict, std::move(own.cause));
  }
  return record(turn);
}

void Lane::drop_delayed(const std::string& cause, UnixNs now) {
  for (Departure& departure : std::exchange(delayed_, {})) {
    if (const auto* outcome = std::get_if<Outcome>(&departure)) {
      Outcome dropped{
          .sequence = outcome->sequence, .time_ns = now, .verdict = Verdict::dropped, .cause = cause};
      // Where it cannot be recorded it reads as unresolved, which is true as well.
      (void)record_outcomes({&dropped, 1});
    } else {
      editor_->injections().give_up(std::get<OwnFrame>(departure));
    }
  }
}

Result<void> Lane::record_outcomes(std::span<Outcome> outcomes) {
  for (Outcome& outcome : outcomes) {
    outcome.flow = flow_;
    if (auto recorded = context_.tap.outcome(outcome); !recorded) return recorded;
  }
  return {};
}

Result<void> Lane::record(Turn& turn) {
  if (turn.frames() == 0) return {};
  context_.counters.frames.fetch_add(turn.frames() - turn.own_frames, std::memory_order_relaxed);
  context_.counters.bytes.fetch_add(turn.result.used, std::memory_order_relaxed);
  return tell_in_pieces(context_.tap, {.flow = flow_,
                                       .direction = direction_,
                                       .first_sequence = turn.first_sequence,
                                       .time_ns = turn.now,
                                       .raw = turn.raw(),
                                       .ends = turn.scratch.ends,
                                       .marks = turn.scratch.marks});
}

}  // namespace wstap::pipeline

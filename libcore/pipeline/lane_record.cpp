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
      recorded = record_outcome(*outcome);
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
      (void)record_outcome(dropped);
    } else {
      editor_->injections().give_up(std::get<OwnFrame>(departure));
    }
  }
}

Result<void> Lane::record_outcome(Outcome& outcome) {
  outcome.flow = flow_;
  return context_.tap.outcome(outcome);
}

/// The turn's frames, and what became of earlier ones, in the order in which that left.
Result<void> Lane::record(Turn& turn) {
  context_.counters.frames.fetch_add(turn.frames() - turn.own_frames, std::memory_order_relaxed);
  context_.counters.bytes.fetch_add(turn.result.used, std::memory_order_relaxed);
  const Burst burst{.flow = flow_,
                    .direction = direction_,
                    .first_sequence = turn.first_sequence,
                    .time_ns = turn.now,
                    .raw = turn.raw(),
                    .ends = turn.scratch.ends,
                    .marks = turn.scratch.marks};
  std::uint32_t told = 0;
  for (auto& [outcome, behind] : turn.outcomes) {
    // What became of a frame of this turn itself stands behind all of them: most turns have no other.
    if (outcome.sequence >= turn.first_sequence) behind = turn.frames();
    if (auto recorded = tell_in_pieces(context_.tap, burst, told, behind); !recorded) return recorded;
    told = std::max(told, behind);
    if (auto recorded = record_outcome(outcome); !recorded) return recorded;
  }
  return tell_in_pieces(context_.tap, burst, told, turn.frames());
}

}  // namespace wstap::pipeline

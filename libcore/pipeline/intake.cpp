// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/intake.h"

#include <fmt/format.h>

#include <algorithm>

namespace wstap::pipeline {

using ws::FrameReading;
using ws::InflateState;

namespace {

// Frames of one message. Each takes memory of its own, also if it is empty and the message gets no larger.
constexpr std::size_t kMaxWaiting = std::size_t{64} * 1024;

}  // namespace

Intake::Intake(ws::Direction direction, const ws::Negotiated& negotiated, bool inflates, const Plan& plan,
               const FlowOptions& options) noexcept
    : plan_(plan),
      options_(options),
      unknown_extension_(negotiated.unknown_extension),
      inflates_(inflates),
      direction_(direction) {}

void Intake::follow(bool message_open) noexcept {
  if (!message_open || !plan_.needs.whole_messages[ws::index(direction_)]) return;
  content_.begin_in_the_middle(!keeps_ && plan_.needs.alters);
}

bool Intake::is_compressed(const Envelope& envelope) const noexcept {
  return inflates_ && envelope.placement.in_compressed();
}

/// The message cannot be kept until it is whole, or would never be read as a whole.
bool Intake::must_leave(const Parcel& parcel) const noexcept {
  return parcel.state != InflateState::ok || kept_ >= kMaxWaiting ||
         parcel.envelope.placement.message_bytes > options_.max_message_bytes;
}

void Intake::begin_message(Parcel& first) {
  content_.begin_message(plan_.needs.judges_whole(direction_, first.compressed), first.envelope);
  first_ = first.envelope.placement.message_first;
  keeps_ = plan_.needs.keeps(direction_, first.compressed);
  dropped_ = false;
  kept_ = given_ = 0;
  held_by_.clear();
  pauses_flow_ = false;
  first.course = keeps_ ? Course::when_whole : first.compressed ? Course::untouched : Course::frame_by_frame;
}

Parcel Intake::take(Envelope envelope, const FrameReading& reading, Bytes inflated) {
  Parcel parcel;
  parcel.envelope = std::move(envelope);
  parcel.came = parcel.envelope.frame.header;
  parcel.state = reading.state;
  parcel.corrupt = reading.corrupt;
  parcel.judged_by = plan_.number;
  parcel.compressed = is_compressed(parcel.envelope);
  const auto& placement = parcel.envelope.placement;
  if (ws::begins_message(placement.part)) begin_message(parcel);
  if (dropped_ && placement.in_message()) {
    open_ = parcel.goes_on();
    return parcel;
  }
  parcel.envelope.extended = unknown_extension_ && !options_.force_edit;
  parcel.must_leave = must_leave(parcel);
  parcel.kept = keeps_ && !parcel.must_leave;
  parcel.content = content_.take(parcel.envelope, reading, inflated, parcel.compressed, parcel.must_leave);
  lets_go_ = parcel.envelope.says != Says::frame;
  parcel.decision = judge(parcel);
  if (placement.in_message()) follow_message(parcel);
  if (parcel.compressed && !keeps_) {
    parcel.inflated.offset = std::min(given_, inflated.size());
    parcel.inflated.bytes = inflated.subspan(parcel.inflated.offset);
    given_ = inflated.size();
  }
  return parcel;
}

/// Whether what came of the open message waits, and what is to be known of it when it no longer does.
void Intake::follow_message(Parcel& parcel) {
  const bool goes_on = parcel.goes_on();
  open_ = goes_on;
  const bool stays = parcel.compressed ? goes_on && !parcel.must_leave : parcel.envelope.says == Says::frame;
  keeps_ = keeps_ && stays;
  if (!keeps_) {
    kept_ = 0;
    hold_with_message(parcel.decision);
  } else {
    if (kept_++ == 0) waits_since_ = parcel.envelope.time_ns;
    hold_later(parcel.decision);
  }
  if (goes_on) {
    last_ = parcel.envelope;
    last_.frame = {parcel.came, {}};
    last_.judged_before = {};
  }
  if (parcel.decision.kind == Decision::Kind::drop && ws::is_fragment(parcel.envelope.placement.part))
    drop_rest(first_);
}

/// A message that is judged as one is held as one, whichever of its frames a rule picked (HOLD-1).
void Intake::hold_later(Decision& decision) {
  add_each_once(held_by_, std::exchange(decision.held_by, {}));
  pauses_flow_ |= std::exchange(decision.pauses_flow, false);
}

void Intake::hold_with_message(Decision& decision) {
  add_each_once(decision.held_by, std::exchange(held_by_, {}));
  decision.pauses_flow |= std::exchange(pauses_flow_, false);
}

Decision Intake::judge(Parcel& parcel) const {
  return plan_.judge_arriving(parcel.envelope, plan_.needs.payloads ? parcel.content : Bytes());
}

void Intake::drop_rest(Sequence first) noexcept {
  if (first != first_) return;
  dropped_ = true;
  keeps_ = false;
  kept_ = 0;
  content_.drop_rest();
}

std::optional<Parcel> Intake::release(Bytes inflated, Release why) {
  Parcel parcel;
  parcel.why = why;
  parcel.judged_by = plan_.number;
  if (!waits()) {
    if (why == Release::waited_long_enough) return std::nullopt;
    judge_unfinished(inflated, why);
    lets_go_ = true;
    if (!std::exchange(open_, false)) {
      let_go();
      return std::nullopt;
    }
    parcel.kind = Parcel::Kind::unfinished;
    return parcel;
  }
  open_ = why == Release::waited_long_enough;
  parcel.kind = Parcel::Kind::so_far;
  parcel.decision = judge_so_far(parcel, inflated);
  parcel.kept = true;
  hold_with_message(parcel.decision);
  if (parcel.compressed) parcel.inflated.bytes = inflated;
  given_ = inflated.size();
  keeps_ = false;
  kept_ = 0;
  if (parcel.decision.kind == Decision::Kind::drop) drop_rest(first_);
  return parcel;
}

/// What has come of a message that waits no longer is judged as it is (SAFE-2).
Decision Intake::judge_so_far(Parcel& parcel, Bytes inflated) {
  parcel.envelope = last_;
  parcel.came = last_.frame.header;
  parcel.compressed = is_compressed(last_);
  lets_go_ = true;
  if (!plan_.needs.whole_messages[ws::index(direction_)]) return {};
  parcel.content =
      content_.take_so_far(parcel.envelope, inflated, parcel.compressed, parcel.why == Release::interrupted);
  return judge(parcel);
}

void Intake::let_go() {
  if (std::exchange(lets_go_, false)) content_.let_go();
}

void Intake::judge_unfinished(Bytes inflated, Release why) {
  if (waits() || !content_.is_undecided()) return;
  Parcel parcel;
  parcel.why = why;
  Decision decision = judge_so_far(parcel, inflated);
  if (parcel.envelope.says != Says::message_so_far) return;
  plan_.judge_leaving(parcel.envelope, plan_.needs.payloads ? parcel.content : Bytes(), decision,
                      plan_.number);
  for (const auto& id : decision.logged)
    unfinished_.push_back(
        fmt::format("logged by {}: message of frame {}", id, last_.placement.message_first));
  for (const auto& tag : decision.tags)
    unfinished_.push_back(fmt::format("tagged {}: message of frame {}", tag, last_.placement.message_first));
}

}  // namespace wstap::pipeline

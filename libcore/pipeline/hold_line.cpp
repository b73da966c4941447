// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/hold_line.h"

#include <algorithm>

#include "libcore/pipeline/hold_cause.h"

namespace wstap::pipeline {
namespace {

Buffer keep(Bytes& view) {
  Buffer kept = to_buffer(view);
  view = kept;
  return kept;
}

/// Nobody knows what it says: it is shown as on the wire.
bool is_unread(const Parcel& parcel) noexcept {
  const ws::Inflation inflation = parcel.envelope.inflation;
  return inflation == ws::Inflation::opaque ||
         (inflation == ws::Inflation::limited && parcel.payload().empty());
}

}  // namespace

void HoldLine::park(Turn& turn, Parcel parcel, bool held) {
  Place& place = places_.emplace_back();
  place.parcel = std::move(parcel);
  Parcel& kept = place.parcel;
  Decision& decision = kept.decision;
  note(turn, kept, held);
  if (held) {
    place.item = item_of(kept, turn.now);
    kept.envelope.frame.raw = place.item->raw;
    place.bytes = place.item->raw.size() + place.item->payload.size();
    ++undecided_;
  } else {
    place.raw = keep(kept.envelope.frame.raw);
  }
  if (held && decision.kind != Decision::Kind::replace && !is_unread(kept)) {
    kept.content = place.item->payload;
  } else {
    place.content = keep(kept.content);
  }
  place.judged_before = keep(kept.envelope.judged_before);
  place.inflated = keep(kept.inflated.bytes);
  place.bytes += sizeof place + place.raw.size() + place.content.size() + place.judged_before.size() +
                 place.inflated.size() + decision.payload.size();
  bytes_ += place.bytes;
  claim_room(turn.now);
  if (!place.has_room) holds_.queue.wait_for_room(holds_.party);
}

void HoldLine::note(Turn& turn, Parcel& parcel, bool held) {
  std::string cause = held ? hold_cause(parcel.decision.held_by) : "behind_held";
  if (parcel.is_frame()) {
    turn.tags = std::exchange(parcel.decision.tags, {});
    turn.logged = std::exchange(parcel.decision.logged, {});
    turn.mark(Verdict::pending, std::move(cause));
    turn.note(parcel.envelope.frame);
  } else if (held) {
    turn.settle({.sequence = parcel.envelope.sequence,
                 .time_ns = turn.now,
                 .verdict = Verdict::pending,
                 .cause = std::move(cause)});
  }
}

std::shared_ptr<HeldItem> HoldLine::item_of(const Parcel& parcel, UnixNs now) const {
  const Envelope& envelope = parcel.envelope;
  auto item = std::make_shared<HeldItem>();
  item->id = {envelope.flow, envelope.sequence};
  item->direction = direction_;
  item->upgrade_url = holds_.upgrade_url;
  item->header = parcel.came;
  item->opcode = envelope.of_message() ? envelope.placement.message_opcode : parcel.came.opcode;
  item->first = envelope.of_message() ? envelope.placement.message_first : envelope.sequence;
  item->compressed = envelope.placement.compressed;
  item->inflation = envelope.inflation;
  // Of a compressed message all that it says is shown, also where its beginning has left.
  const bool is_rest = parcel.compressed && !parcel.kept && ws::is_fragment(envelope.placement.part);
  item->whole = envelope.says != Says::message_so_far && !is_rest;
  item->payload = is_unread(parcel) ? unmasked_payload(envelope.frame) : to_buffer(parcel.payload());
  item->raw = to_buffer(envelope.frame.raw);
  item->rules = parcel.decision.held_by;
  item->tags = envelope.tags;
  item->since_ns = now;
  item->on_timeout = holds_.settings.on_timeout;
  return item;
}

void HoldLine::claim_room(UnixNs now) {
  if (!stalls()) return;
  Place& last = places_.back();
  last.has_room = holds_.queue.take_place(last.bytes, holds_.settings);
  if (!last.has_room || !last.is_undecided()) return;
  // Nobody decides about what nobody was shown: what waits for room is as good as not read yet.
  last.item->expires_ns = now + holds_.settings.timeout_ns;
  shown_.emplace(last.item->id.sequence, &last);
  expiries_.insert(last.item->expires_ns);
  pausing_ += last.parcel.decision.pauses_flow ? 1 : 0;
  holds_.queue.show(last.item, holds_.party);
}

HoldLine::Place HoldLine::take_front() {
  if (places_.front().item) shown_.erase(places_.front().item->id.sequence);
  Place first = std::move(places_.front());
  places_.pop_front();
  bytes_ -= first.bytes + first.added;
  if (std::exchange(first.has_room, false)) holds_.queue.leave_place(first.bytes + first.added);
  return first;
}

const char* HoldLine::take_edit(Place& place, Decision decision, const BufferGauge* gauge) {
  const std::size_t takes = decision.payload.size() + (decision.exact ? decision.exact->size() : 0);
  // Whoever decides about a full queue may shorten and mend: what is first leaves at once.
  if (takes > place.bytes && &place != &places_.front()) {
    if (const char* full = take_more(place, takes, gauge)) return full;
  } else {
    if (takes > place.bytes && gauge != nullptr && !gauge->has_room(takes)) return kBuffersFull;
    holds_.queue.must_take(takes);
    grow(place, takes);
  }
  place.parcel.decision = std::move(decision);
  return nullptr;
}

const char* HoldLine::put_behind(Place& place, NewFrame frame, const BufferGauge* gauge) {
  if (place.after.size() >= kMostInjected) return kTooManyInjected;
  if (const char* full = take_more(place, sizeof frame + frame.payload.size(), gauge)) return full;
  place.after.push_back(std::move(frame));
  return nullptr;
}

const char* HoldLine::take_more(Place& place, std::uint64_t bytes, const BufferGauge* gauge) {
  if (gauge != nullptr && !gauge->has_room(bytes)) return kBuffersFull;
  if (!holds_.queue.take_more(bytes, holds_.settings)) return kQueueFull;
  grow(place, bytes);
  return nullptr;
}

void HoldLine::grow(Place& place, std::uint64_t bytes) noexcept {
  place.added += bytes;
  bytes_ += bytes;
}

void HoldLine::settle(Place& place, std::string_view how, std::string by) {
  --undecided_;
  if (place.has_room) {
    expiries_.erase(expiries_.find(place.item->expires_ns));
    pausing_ -= place.parcel.decision.pauses_flow ? 1 : 0;
  }
  place.by = std::move(by);
  holds_.queue.settle({place.item->id, std::string(how), place.by});
}

HoldLine::Place* HoldLine::find(Sequence sequence) noexcept {
  const auto found = shown_.find(sequence);
  return found == shown_.end() ? nullptr : found->second;
}

}  // namespace wstap::pipeline

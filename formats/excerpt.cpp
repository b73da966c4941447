// SPDX-License-Identifier: Apache-2.0
#include "formats/excerpt.h"

#include <algorithm>

namespace wstap::formats {
namespace {

// Beyond this, frames do not share a record: what marks say is not in the record they came from.
constexpr std::size_t kRunBytes = std::size_t{4} << 20;
// Of a record, for everything but a frame and what its message says: sent versions up to 512 KiB stand there.
constexpr std::size_t kForTheRest = 640 * 1024;
// As much as an inflate window holds.
constexpr std::uint64_t kWindowBytes = 32 * 1024;

/// Faults of payloads; those of headers are seen wherever there is a header.
ws::AnomalySet of_payload(ws::AnomalySet anomalies) noexcept {
  ws::AnomalySet found;
  for (const auto anomaly : {ws::Anomaly::text_not_utf8, ws::Anomaly::invalid_deflate})
    if (anomalies.has(anomaly)) found.add(anomaly);
  return found;
}

/// How long what a message says may be in the record of this frame.
std::size_t room_beside(Bytes raw) noexcept {
  return kMaxRecordBytes - std::min(kMaxRecordBytes, kForTheRest + raw.size());
}

bool says_anything(const pipeline::Mark& mark) noexcept {
  return mark.verdict != pipeline::Verdict::forwarded || !mark.cause.empty() || mark.sent ||
         !mark.tags.empty() || !mark.logged.empty() || mark.content || !mark.anomalies.empty() ||
         mark.withheld || !mark.held.by.empty();
}

}  // namespace

/// One direction.
struct Excerpt::Lane {
  Lane(ws::Direction direction, const ws::Negotiated& negotiated)
      : seen(direction, negotiated),
        kept(direction, negotiated),
        takeover(negotiated.deflate[ws::index(direction)].context_takeover) {}

  /// A compressed frame is not in what is written, or not as it was.
  void lose() {
    message_lacks = true;
    context_lacks = context_lacks || takeover;
    window.reset();
    stored = 0;
  }
  void begin_compressed_message() {
    message_lacks = context_lacks;
    if (!takeover) told = ws::Inflation::none;
  }

  ws::MessageTracker seen;  ///< as recorded
  ws::MessageTracker kept;  ///< as written
  bool takeover;
  bool gapped = false;         ///< a gap is in what is written
  bool message_lacks = false;  ///< a reader of what is written lacks some of what inflates the open message
  bool context_lacks = false;  ///< ... and of what later ones may refer to
  ws::Inflation told = ws::Inflation::none;  ///< what that reader says then; none: it would go on inflating
  std::uint64_t stored = 0;                  ///< bytes of contents since the last loss
  std::optional<Buffer> window;              ///< makes the next compressed message readable; not yet written
};

struct Excerpt::Flow {
  explicit Flow(const ws::Negotiated& negotiated)
      : lanes{Lane(ws::Direction::send, negotiated), Lane(ws::Direction::receive, negotiated)} {}
  Lane& lane(ws::Direction direction) { return lanes[ws::index(direction)]; }

  std::array<Lane, 2> lanes;
  std::unique_ptr<const pipeline::FlowOpened> opened;  ///< until it is written: heads are large
  bool written = false;
};

Excerpt::Excerpt(CaptureWriter& to) : to_(to) {}
Excerpt::~Excerpt() = default;

/// Flows that were never opened are taken for what they look like without extensions, as FlowBook does.
Excerpt::Flow& Excerpt::flow_of(pipeline::FlowId id) {
  auto& flow = flows_[id];
  if (!flow) flow = std::make_unique<Flow>(ws::Negotiated{});
  return *flow;
}

void Excerpt::open(const pipeline::FlowOpened& opened) {
  book_.open(opened);
  auto& entry = flows_[opened.id];
  const bool is_new = !entry || !opened.resumed;
  if (is_new) entry = std::make_unique<Flow>(opened.negotiated());
  Flow& flow = *entry;
  if (!flow.written && !flow.opened) flow.opened = std::make_unique<const pipeline::FlowOpened>(opened);
  if (!opened.resumed) return;
  // What a later part says again of a flow that is known need not be written again: should it differ from
  // what was read, the next frame shows it.
  for (std::size_t i = 0; i < 2; ++i) {
    flow.lanes[i].seen.restore((*opened.resumed)[i].message);
    if (is_new) flow.lanes[i].kept.restore((*opened.resumed)[i].message);
  }
}

void Excerpt::resume(const pipeline::Window& window) {
  book_.resume(window);
  flow_of(window.flow).lane(window.direction).window = window.bytes;
}

void Excerpt::resume(const Gap& gap) {
  book_.resume(gap);
  Lane& lane = flow_of(gap.flow).lane(gap.direction);
  lane.seen.restore(gap.message);
  if (gap.unread == ws::Inflation::none) return;
  lane.lose();
  if (!lane.takeover) lane.told = ws::Inflation::none;  // it may be of a message whose beginning is missing
}

Result<void> Excerpt::close(const pipeline::FlowClosed& closed) {
  book_.close(closed.id);
  const auto flow = flows_.extract(closed.id);
  if (flow.empty() || !flow.mapped()->written) return {};
  return to_.flow_closed(closed);
}

Result<void> Excerpt::burst(const pipeline::Burst& burst, const Pick& picks) {
  Flow& flow = flow_of(burst.flow);
  run_.head = burst;
  auto mark = burst.marks.begin();
  std::uint32_t index = 0;
  Result<void> done;
  book_.visit(burst, Depth::payloads, [&](pipeline::Envelope& envelope, Bytes payload) {
    const bool marked = mark != burst.marks.end() && mark->frame == index;
    const auto* said = marked ? &*mark++ : nullptr;
    ++index;
    if (done) done = frame(flow, envelope, payload, said, picks);
  });
  return done ? flush() : done;
}

Result<void> Excerpt::frame(Flow& flow, pipeline::Envelope& envelope, Bytes payload,
                            const pipeline::Mark* mark, const Pick& picks) {
  Lane& lane = flow.lane(envelope.direction);
  const bool in_lane = envelope.frame.header.header_len != 0 && !made_here(envelope.verdict);
  const auto before = lane.seen.state();
  if (in_lane) lane.seen.observe(envelope.frame.header, envelope.sequence);
  const bool compressed = envelope.placement.in_compressed();
  if (compressed && ws::begins_message(envelope.placement.part)) lane.begin_compressed_message();

  const bool kept = picks(envelope, payload);
  // Its fate may say that no peer sent it, and then nobody counts it.
  const bool stays = kept && !made_here(envelope.verdict);
  if (compressed && !stays) lane.lose();
  if (!kept) return {};
  if (flow.opened) {
    if (auto ok = to_.flow_opened(*std::exchange(flow.opened, nullptr)); !ok) return ok;
  }
  flow.written = true;
  if (!in_lane || !stays) return add(envelope, mark_for(lane, envelope, payload, mark));
  return keep(flow, envelope, payload, mark, before);
}

/// A frame of a peer.
Result<void> Excerpt::keep(Flow& flow, const pipeline::Envelope& envelope, Bytes payload,
                           const pipeline::Mark* mark, const ws::MessageTracker::State& before) {
  Lane& lane = flow.lane(envelope.direction);
  const bool compressed = envelope.placement.in_compressed();
  if (compressed && lane.window)
    if (auto ok = write_window(lane, envelope); !ok) return ok;
  if (auto ok = write_gap(lane, envelope, before); !ok) return ok;
  lane.kept.observe(envelope.frame.header, envelope.sequence);
  if (auto ok = add(envelope, mark_for(lane, envelope, payload, mark)); !ok) return ok;

  // The next compressed message may follow at once.
  const bool ends = compressed && ws::ends_message(envelope.placement.part);
  if (!ends || !lane.context_lacks || lane.stored < kWindowBytes) return {};
  for (auto& window : book_.windows(envelope.flow))
    if (window.direction == envelope.direction) lane.window = std::move(window.bytes);
  return {};
}

Result<void> Excerpt::write_window(Lane& lane, const pipeline::Envelope& envelope) {
  if (auto ok = flush(); !ok) return ok;
  lane.context_lacks = false;
  if (ws::begins_message(envelope.placement.part)) lane.message_lacks = false;
  lane.told = ws::Inflation::none;
  lane.stored = 0;
  return to_.window({envelope.flow, envelope.direction, *std::exchange(lane.window, std::nullopt)});
}

/// Where a reader would take the frame for something else than it was.
/// @param before  where its direction stood.
Result<void> Excerpt::write_gap(Lane& lane, const pipeline::Envelope& envelope,
                                const ws::MessageTracker::State& before) {
  const ws::Placement& placed = envelope.placement;
  ws::MessageTracker reader = lane.kept;
  const bool misplaced = reader.observe(envelope.frame.header, envelope.sequence) != placed;
  ws::Inflation unread = ws::Inflation::none;
  if (placed.in_compressed() && lane.message_lacks) {
    const bool says_why = ws::ends_message(placed.part) && !ws::name(envelope.inflation).empty();
    const bool was_told = lane.told != ws::Inflation::none;
    unread = says_why ? envelope.inflation : was_told ? lane.told : ws::Inflation::opaque;
    if (unread == lane.told) unread = ws::Inflation::none;
  }
  if (!misplaced && unread == ws::Inflation::none) return {};
  if (auto ok = flush(); !ok) return ok;
  lane.gapped = true;
  lane.kept.restore(before);
  if (unread != ws::Inflation::none) lane.told = unread;
  return to_.gap({envelope.flow, envelope.direction, before, unread});
}

/// All that is to be said of a frame.
pipeline::Mark Excerpt::mark_for(Lane& lane, const pipeline::Envelope& envelope, Bytes payload,
                                 const pipeline::Mark* recorded) {
  pipeline::Mark mark;
  if (recorded != nullptr) mark = *recorded;
  mark.verdict = envelope.verdict;
  mark.held = envelope.held;
  mark.cause = envelope.cause;
  mark.sent = envelope.sent;
  const ws::Placement& placed = envelope.placement;
  if (made_here(envelope.verdict) || !placed.in_message()) return mark;
  const bool reaches_back = placed.compressed || placed.part != ws::Part::whole;
  if (lane.gapped && reaches_back) mark.anomalies.add(of_payload(envelope.anomalies));
  if (!placed.compressed || !lane.message_lacks || envelope.inflation != ws::Inflation::done) return mark;
  if (!mark.content) {
    mark.content = to_buffer(payload.first(std::min(payload.size(), room_beside(envelope.frame.raw))));
    mark.content_bytes = payload.size();
  }
  lane.stored += mark.content->size();
  return mark;
}

Result<void> Excerpt::add(const pipeline::Envelope& envelope, pipeline::Mark mark) {
  const Bytes raw = envelope.frame.raw;
  const std::size_t says = (mark.content ? mark.content->size() : 0) + (mark.sent ? mark.sent->size() : 0);
  const bool follows = run_.head.first_sequence + run_.ends.size() == envelope.sequence;
  if (!follows || run_.raw.size() + run_.said + raw.size() + says > kRunBytes)
    if (auto ok = flush(); !ok) return ok;
  if (run_.ends.empty()) run_.head.first_sequence = envelope.sequence;
  if (says_anything(mark)) {
    mark.frame = static_cast<std::uint32_t>(run_.ends.size());
    run_.marks.push_back(std::move(mark));
  }
  append(run_.raw, raw);
  run_.ends.push_back(static_cast<std::uint32_t>(run_.raw.size()));
  run_.said += says;
  return {};
}

Result<void> Excerpt::flush() {
  if (run_.ends.empty()) return {};
  run_.head.raw = run_.raw;
  run_.head.ends = run_.ends;
  run_.head.marks = run_.marks;
  auto done = to_.burst(run_.head);
  run_.raw.clear();
  run_.ends.clear();
  run_.marks.clear();
  run_.said = 0;
  return done;
}

}  // namespace wstap::formats

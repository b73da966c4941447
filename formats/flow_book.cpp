// SPDX-License-Identifier: Apache-2.0
#include "formats/flow_book.h"

namespace wstap::formats {

void FlowBook::open(const pipeline::FlowOpened& flow) {
  // A later part of a capture says again what is known already, but for text that is not judged yet.
  if (!flow.resumed) close(flow.id);
  const auto [at, is_new] = flows_.try_emplace(flow.id, flow.negotiated(), *this);
  if (!flow.resumed) return;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& lane = (*flow.resumed)[i];
    at->second.trackers[i].restore(lane.message);
    // What was said before is in a part that was not read.
    if (is_new && lane.counts.frames != 0)
      at->second.readers[i].begin_in_the_middle(lane.message.open && lane.message.compressed,
                                                ws::Inflation::needs_part);
  }
}

void FlowBook::resume(const pipeline::Window& window) {
  const auto found = flows_.find(window.flow);
  if (found != flows_.end()) found->second.readers[ws::index(window.direction)].resume(window.bytes);
}

void FlowBook::resume(const Gap& gap) {
  Track& flow = flows_.try_emplace(gap.flow, ws::Negotiated{}, *this).first->second;
  const std::size_t lane = ws::index(gap.direction);
  flow.trackers[lane].restore(gap.message);
  flow.readers[lane].pass_gap(gap.message.open && gap.message.compressed, gap.unread);
}

std::vector<pipeline::Window> FlowBook::windows(pipeline::FlowId flow) const {
  std::vector<pipeline::Window> known;
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return known;
  for (const auto direction : {ws::Direction::send, ws::Direction::receive}) {
    const auto& reader = found->second.readers[ws::index(direction)];
    if (reader.has_window()) known.push_back({flow, direction, reader.window()});
  }
  return known;
}

std::optional<std::array<ws::MessageReader, 2>> FlowBook::take_readers(pipeline::FlowId flow) {
  auto track = flows_.extract(flow);
  if (track.empty()) return std::nullopt;
  for (const auto& reader : track.mapped().readers) waiting_bytes_ -= reader.held();
  return std::move(track.mapped().readers);
}

FlowBook::Cursor FlowBook::begin(const pipeline::Burst& burst) {
  envelope_.flow = burst.flow;
  envelope_.time_ns = burst.time_ns;
  envelope_.direction = burst.direction;
  return {flows_.try_emplace(burst.flow, ws::Negotiated{}, *this).first->second};
}

/// Fills the envelope with what was recorded beside the frame's bytes: mostly nothing. @return the mark, if
/// there is one.
const pipeline::Mark* FlowBook::copy_mark(Cursor& at, const pipeline::Burst& burst) {
  if (at.mark < burst.marks.size() && burst.marks[at.mark].frame == at.frame) {
    const auto& mark = burst.marks[at.mark++];
    envelope_.verdict = mark.verdict;
    envelope_.cause = mark.cause;
    envelope_.sent = mark.sent;
    envelope_.tags = mark.tags;
    envelope_.logged = mark.logged;
    envelope_.withheld = mark.withheld && !mark.content;
    envelope_.redacted = mark.redacted;
    envelope_.note_hold();
    if (!mark.held.by.empty()) envelope_.held = mark.held;
    return &mark;
  }
  envelope_.verdict = pipeline::Verdict::forwarded;
  envelope_.cause.clear();
  envelope_.sent.reset();
  envelope_.tags.clear();
  envelope_.logged.clear();
  envelope_.withheld = false;
  envelope_.redacted.clear();
  envelope_.note_hold();
  return nullptr;
}

Bytes FlowBook::unmasked(const ws::Frame& frame) {
  const Bytes payload = frame.payload();
  if (!frame.header.masked || payload.empty()) return payload;
  if (payload_.size() < payload.size()) payload_.resize(payload.size());
  ws::mask_into(payload_.data(), payload, frame.header.mask);
  return Bytes(payload_).first(payload.size());
}

/// Makes the envelope of the next frame. @return its payload.
Bytes FlowBook::step(Cursor& at, const pipeline::Burst& burst, Depth depth) {
  const std::size_t lane = ws::index(burst.direction);
  envelope_.sequence = burst.first_sequence + at.frame;
  envelope_.frame.raw = burst.raw.subspan(at.begin, burst.ends[at.frame] - at.begin);
  const pipeline::Mark* mark = copy_mark(at, burst);
  at.begin = burst.ends[at.frame++];

  ws::FrameHeader& header = envelope_.frame.header;
  envelope_.placement = {};
  envelope_.anomalies = {};
  envelope_.inflation = ws::Inflation::none;
  envelope_.cut_from = 0;
  envelope_.says = pipeline::Says::frame;
  envelope_.extended = at.flow.extended;
  if (!decode_header(envelope_.frame.raw, header)) {
    header = {};  // what does not hold a whole header is shown as bytes alone
    return depth == Depth::payloads ? envelope_.frame.raw : Bytes();
  }
  const Bytes payload = depth == Depth::payloads ? unmasked(envelope_.frame) : Bytes();
  // Frames of wstap's own are in nobody's message.
  if (made_here(envelope_.verdict)) return mark->content ? recorded_content(*mark) : payload;
  envelope_.placement = at.flow.trackers[lane].observe(header, envelope_.sequence);
  envelope_.anomalies = envelope_.placement.anomalies;
  if (depth == Depth::headers) {
    at.flow.readers[lane].skip(envelope_.placement);
    return {};
  }
  const Bytes shown = read(at.flow.readers[lane], payload);
  if (mark == nullptr) return shown;
  envelope_.anomalies.add(mark->anomalies);
  const bool readable = !envelope_.placement.in_compressed() || inflating_[lane] == ws::Inflating::on;
  return readable && mark->content ? recorded_content(*mark) : shown;
}

Bytes FlowBook::read(ws::MessageReader& reader, Bytes payload) {
  const ws::FrameHeader& header = envelope_.frame.header;
  if (payload.size() != header.payload_len) {
    reader.skip(envelope_.placement);
    if (!envelope_.withheld) envelope_.cut_from = header.payload_len;
    if (envelope_.placement.compressed && ws::ends_message(envelope_.placement.part))
      envelope_.inflation = ws::Inflation::opaque;
    return payload;
  }
  const auto reading = reader.read(header, envelope_.placement, payload);
  envelope_.anomalies.add(reading.anomalies);
  envelope_.inflation = reading.inflation;
  return reading.payload;
}

/// What a message says that cannot be read from its frames any more.
Bytes FlowBook::recorded_content(const pipeline::Mark& mark) {
  const Bytes content = *mark.content;
  const bool whole = content.size() >= mark.content_bytes;
  const ws::Placement& placed = envelope_.placement;
  if (placed.compressed) envelope_.inflation = ws::Inflation::done;
  if (placed.in_message()) envelope_.says = pipeline::Says::message;
  envelope_.cut_from = whole ? 0 : mark.content_bytes;
  const bool judges = placed.compressed && placed.message_opcode == ws::kText && !placed.extended;
  if (whole && judges && !ws::is_utf8(content)) envelope_.anomalies.add(ws::Anomaly::text_not_utf8);
  return content;
}

}  // namespace wstap::formats

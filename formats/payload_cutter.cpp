// SPDX-License-Identifier: Apache-2.0
#include "formats/payload_cutter.h"

#include <algorithm>

#include "libcore/ws/utf8.h"

namespace wstap::formats {
namespace {

constexpr std::size_t kCloseCode = 2;

bool is_text(const ws::Placement& placed) noexcept {
  return placed.message_opcode == ws::kText && !placed.extended;
}

/// ws::whole_characters of a payload that may be masked: no more is unmasked than the few bytes that decide.
std::size_t whole_characters(Bytes payload, std::size_t limit, ws::MaskKey mask) noexcept {
  constexpr std::size_t kLongest = 4;
  const std::size_t from = limit - std::min(limit, kLongest - 1);
  std::array<std::byte, kLongest> clear;
  const Bytes around = payload.subspan(from, limit + 1 - from);
  ws::mask_into(clear.data(), around, ws::rotated(mask, from));
  return from + ws::whole_characters(Bytes(clear).first(around.size()), limit - from);
}

}  // namespace

void PayloadCutter::open(const pipeline::FlowOpened& flow) {
  book_.open(flow);
  const auto negotiated = flow.negotiated();
  Track& track = flows_[flow.id];
  track = {.compressed = negotiated.permessage_deflate, .lacking = {}};
  for (std::size_t i = 0; i < 2; ++i) track.lacking[i].takeover = negotiated.deflate[i].context_takeover;
}

void PayloadCutter::close(pipeline::FlowId flow) {
  book_.close(flow);
  flows_.erase(flow);
}

std::vector<pipeline::Window> PayloadCutter::windows(pipeline::FlowId flow) const {
  const auto found = flows_.find(flow);
  if (found == flows_.end() || !found->second.compressed) return {};
  return book_.windows(flow);
}

Bytes PayloadCutter::cut(Bytes frame) const noexcept {
  ws::FrameHeader header;
  return cut(frame, decode_header(frame, header) && header.opcode == ws::kText && header.rsv == 0);
}

/// @param in_text  the payload is text, or a fragment of it, unless the opcode says otherwise.
Bytes PayloadCutter::cut(Bytes frame, bool in_text) const noexcept {
  ws::FrameHeader header;
  if (!decode_header(frame, header) || frame.size() - header.header_len <= max_payload_) return frame;
  const auto limit = static_cast<std::size_t>(max_payload_);
  std::size_t kept = limit;
  const bool has_reason = header.opcode == ws::kClose && limit > kCloseCode;
  const bool is_text = in_text && (header.opcode == ws::kText || header.opcode == ws::kContinuation);
  if (is_text || has_reason)
    kept = std::max(whole_characters(frame.subspan(header.header_len), limit, header.mask),
                    has_reason ? kCloseCode : 0);
  return frame.first(header.header_len + kept);
}

pipeline::Burst PayloadCutter::cut(const pipeline::Burst& burst) {
  // What is said of frames beyond their content takes no more than this of each.
  constexpr std::size_t kMarkBytes = 128;
  const std::size_t taken = std::min(burst.raw.size() + kMarkBytes * burst.ends.size(), kMaxPayloadBytes);
  Progress at{.burst = burst, .flow = flows_[burst.flow], .content_room = kMaxPayloadBytes - taken};
  const bool payloads = at.flow.compressed || looks_into(burst);
  book_.visit(burst, payloads ? Depth::payloads : Depth::headers,
              [&](const pipeline::Envelope& envelope, Bytes payload) { keep(at, envelope, payload); });
  if (!at.differs) return burst;
  pipeline::Burst recorded = burst;
  recorded.raw = raw_;
  recorded.ends = ends_;
  recorded.marks = marks_;
  return recorded;
}

/// Whether payloads are to be judged here, because readers of the recording cannot: of frames that are cut,
/// and of fragments, since others of their message may be.
bool PayloadCutter::looks_into(const pipeline::Burst& burst) const noexcept {
  std::uint32_t begin = 0;
  for (const std::uint32_t end : burst.ends) {
    ws::FrameHeader header;
    const bool whole = decode_header(burst.raw.subspan(begin, end - begin), header);
    begin = end;
    if (whole && (!header.fin || header.opcode == ws::kContinuation || header.payload_len > max_payload_))
      return true;
  }
  return false;
}

/// Adds a frame to what is recorded.
void PayloadCutter::keep(Progress& at, const pipeline::Envelope& envelope, Bytes payload) {
  const auto& marks = at.burst.marks;
  const bool marked = at.mark < marks.size() && marks[at.mark].frame == at.frame;
  const auto* sent = marked && marks[at.mark].sent ? &*marks[at.mark].sent : nullptr;
  const ws::Placement& placed = envelope.placement;
  const bool in_text = is_text(placed) && !placed.compressed;
  const Bytes raw = cut(envelope.frame.raw, in_text);
  const Bytes sent_kept = sent != nullptr ? cut(*sent, in_text) : Bytes();
  const bool is_cut = raw.size() < envelope.frame.raw.size();
  const auto* content = marked && marks[at.mark].content ? &*marks[at.mark].content : nullptr;
  const bool lacks_payload = is_cut || envelope.frame.raw.size() < envelope.frame.header.frame_len();
  const bool sent_is_cut = sent != nullptr && sent_kept.size() < sent->size();

  pipeline::Mark added;
  if (lacks(at.flow.lacking[ws::index(envelope.direction)], placed, lacks_payload) || is_cut)
    added = additions(at, envelope, payload);
  if (content != nullptr) added.content = cut_content(*content, placed);
  if (content != nullptr) added.content_bytes = marks[at.mark].content_bytes;
  const bool adds = added.content || !added.anomalies.empty();
  if (is_cut || sent_is_cut || adds) begin_copy(at);
  if (at.differs) {
    append(raw_, raw);
    ends_.push_back(static_cast<std::uint32_t>(raw_.size()));
    if (marked || adds) marks_.push_back(marked ? marks[at.mark] : pipeline::Mark{.frame = at.frame});
    if (sent_is_cut) marks_.back().sent = to_buffer(sent_kept);
    if (adds) {
      marks_.back().content = std::move(added.content);
      marks_.back().content_bytes = added.content_bytes;
      marks_.back().anomalies.add(added.anomalies);
    }
  }
  ++at.frame;
  if (marked) ++at.mark;
}

/// What is left of a content that somebody else put beside a frame.
Buffer PayloadCutter::cut_content(Bytes content, const ws::Placement& placed) const {
  const auto limit = static_cast<std::size_t>(max_payload_);
  const std::size_t kept = is_text(placed) ? ws::whole_characters(content, limit) : limit;
  return to_buffer(content.first(std::min(content.size(), kept)));
}

/// What is recorded is another burst from the frame at hand on: up to it, it is the same.
void PayloadCutter::begin_copy(Progress& at) {
  if (std::exchange(at.differs, true)) return;
  raw_ = to_buffer(at.burst.raw.first(at.frame == 0 ? 0 : at.burst.ends[at.frame - 1]));
  const auto ends = at.burst.ends.first(at.frame);
  ends_.assign(ends.begin(), ends.end());
  const auto marks = at.burst.marks.first(at.mark);
  marks_.assign(marks.begin(), marks.end());
}

/// What is to be said of a frame because the recording lacks some of its message.
pipeline::Mark PayloadCutter::additions(Progress& at, const pipeline::Envelope& envelope,
                                        Bytes payload) const {
  pipeline::Mark added;
  const ws::Placement& placed = envelope.placement;
  added.anomalies = envelope.anomalies.without(placed.anomalies);
  if (!placed.compressed || !ws::ends_message(placed.part) || envelope.inflation != ws::Inflation::done)
    return added;
  const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(max_payload_, at.content_room));
  const std::size_t kept = is_text(placed) ? ws::whole_characters(payload, limit) : limit;
  added.content = to_buffer(payload.first(std::min(payload.size(), kept)));
  added.content_bytes = payload.size();
  at.content_room -= added.content->size();
  // Readers judge what is all there.
  if (added.content->size() == payload.size()) added.anomalies = {};
  return added;
}

/// Follows what is missing of a message. @return whether readers of the recording lack some of it, or of what
/// it takes to inflate it.
bool PayloadCutter::lacks(Lacking& lane, const ws::Placement& placed, bool is_cut) noexcept {
  if (!placed.in_message()) return false;
  if (ws::begins_message(placed.part)) lane.message = placed.compressed && lane.context;
  lane.message |= is_cut;
  if (placed.compressed && ws::ends_message(placed.part)) lane.context = lane.takeover && lane.message;
  return lane.message;
}

}  // namespace wstap::formats

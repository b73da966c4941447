// SPDX-License-Identifier: Apache-2.0
#include "formats/payload_cutter.h"

#include <algorithm>

namespace wstap::formats {

void PayloadCutter::open(const pipeline::FlowOpened& flow) {
  book_.open(flow);
  const auto negotiated = flow.negotiated();
  if (!negotiated.permessage_deflate) return;
  auto& lanes = compressed_[flow.id];
  for (std::size_t i = 0; i < 2; ++i) lanes[i].takeover = negotiated.deflate[i].context_takeover;
}

void PayloadCutter::close(pipeline::FlowId flow) {
  book_.close(flow);
  compressed_.erase(flow);
}

Bytes PayloadCutter::cut(Bytes frame) const noexcept {
  ws::FrameHeader header;
  if (!decode_header(frame, header) || frame.size() - header.header_len <= max_payload_) return frame;
  return frame.first(header.header_len + static_cast<std::size_t>(max_payload_));
}

pipeline::Burst PayloadCutter::cut(const pipeline::Burst& burst) {
  raw_.clear();
  ends_.clear();
  marks_.clear();
  auto mark = burst.marks.begin();
  const auto depth = compressed_.contains(burst.flow) ? Depth::payloads : Depth::headers;
  book_.visit(burst, depth, [&](const pipeline::Envelope& envelope, Bytes payload) {
    const bool marked = mark != burst.marks.end() && mark->frame == ends_.size();
    keep(envelope, payload, marked ? &*mark++ : nullptr);
  });
  pipeline::Burst recorded = burst;
  recorded.raw = raw_;
  recorded.ends = ends_;
  recorded.marks = marks_;
  return recorded;
}

/// Adds a frame to what is recorded.
void PayloadCutter::keep(const pipeline::Envelope& envelope, Bytes payload, const pipeline::Mark* mark) {
  const Bytes kept = cut(envelope.frame.raw);
  const bool is_cut = kept.size() < envelope.frame.raw.size();
  if (mark != nullptr) {
    marks_.push_back(*mark);
    if (mark->sent) marks_.back().sent = to_buffer(cut(*mark->sent));
  }
  if (lacks_content(envelope, is_cut) && envelope.inflation == ws::Inflation::done) {
    if (mark == nullptr) marks_.push_back({.frame = static_cast<std::uint32_t>(ends_.size())});
    marks_.back().content = to_buffer(payload.first(std::min<std::size_t>(payload.size(), max_payload_)));
    marks_.back().content_bytes = payload.size();
  }
  append(raw_, kept);
  ends_.push_back(static_cast<std::uint32_t>(raw_.size()));
}

/// @return whether it ends a compressed message that readers of the recording could not inflate.
bool PayloadCutter::lacks_content(const pipeline::Envelope& envelope, bool is_cut) {
  const ws::Placement& placed = envelope.placement;
  const auto found = compressed_.find(envelope.flow);
  if (found == compressed_.end() || !placed.compressed || placed.part == ws::Part::none) return false;
  Lacking& lane = found->second[ws::index(envelope.direction)];
  if (ws::begins_message(placed.part)) lane.message = lane.context;
  lane.message |= is_cut;
  if (!ws::ends_message(placed.part)) return false;
  lane.context = lane.takeover && lane.message;
  return lane.message;
}

}  // namespace wstap::formats

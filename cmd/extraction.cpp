// SPDX-License-Identifier: Apache-2.0
#include "cmd/extraction.h"

namespace wstap::cmd {

Result<void> Extraction::take(const formats::Record& record, formats::MergedReader& reader) {
  if (const auto* each = std::get_if<pipeline::Burst>(&record)) return burst(*each, reader);
  if (const auto* begin = std::get_if<pipeline::FlowOpened>(&record)) return opened(*begin);
  if (const auto* end = std::get_if<pipeline::FlowClosed>(&record)) return closed(*end);
  if (const auto* other = std::get_if<pipeline::ConnectionRecord>(&record)) return connection(*other);
  if (const auto* said = std::get_if<pipeline::Note>(&record)) return note(*said);
  if (const auto* bytes = std::get_if<pipeline::Window>(&record)) return window(*bytes);
  if (const auto* missing = std::get_if<formats::Gap>(&record)) return gap(*missing);
  const auto* outcome = std::get_if<pipeline::Outcome>(&record);
  if (outcome == nullptr) return {};
  const auto awaited = pending_.find({outcome->flow, outcome->sequence});
  if (awaited == pending_.end()) return {};
  if (outcome->verdict != pipeline::Verdict::pending) pending_.erase(awaited);
  return to_.outcome(*outcome);
}

void Extraction::remember_pending(const pipeline::Envelope& envelope) {
  if (envelope.verdict == pipeline::Verdict::pending) pending_.insert({envelope.flow, envelope.sequence});
}

bool WholeFlows::keeps(pipeline::FlowId flow) {
  const auto [at, is_new] = flows_.try_emplace(flow);
  // Nothing but its number is known of a flow whose beginning is not here.
  if (is_new) at->second = selection().takes(filter::FlowSubject{.id = flow});
  return at->second;
}

WholeFlows::Visited WholeFlows::opened(const pipeline::FlowOpened& flow) {
  const pipeline::FlowNames names(flow);
  const bool kept = flows_[flow.id] = selection().takes(names.subject());
  if (!kept) return {};
  if (!flow.resumed) count_flow();
  return to().flow_opened(flow);
}

WholeFlows::Visited WholeFlows::burst(const pipeline::Burst& burst, formats::MergedReader& reader) {
  if (!keeps(burst.flow)) return {};
  marks_.assign(burst.marks.begin(), burst.marks.end());
  pipeline::Envelope envelope;
  envelope.flow = burst.flow;
  for (auto& mark : marks_) {
    if (mark.verdict != pipeline::Verdict::pending) continue;
    envelope.sequence = burst.first_sequence + mark.frame;
    envelope.verdict = mark.verdict;
    envelope.cause = mark.cause;
    envelope.sent = mark.sent;
    envelope.tags = mark.tags;
    envelope.logged = mark.logged;
    envelope.time_ns = burst.time_ns;
    envelope.note_hold();
    reader.settle(envelope);
    remember_pending(envelope);
    mark.verdict = envelope.verdict;
    mark.cause = envelope.cause;
    mark.sent = envelope.sent;
    mark.tags = envelope.tags;
    mark.logged = envelope.logged;
    mark.held = envelope.held;
  }
  count_frames(burst.ends.size());
  pipeline::Burst settled = burst;
  settled.marks = marks_;
  return to().burst(settled);
}

WholeFlows::Visited WholeFlows::closed(const pipeline::FlowClosed& flow) {
  const bool kept = keeps(flow.id);
  flows_.erase(flow.id);
  return kept ? to().flow_closed(flow) : Visited();
}

WholeFlows::Visited WholeFlows::connection(const pipeline::ConnectionRecord& connection) {
  const pipeline::FlowNames names(connection);
  return selection().takes(names.subject()) ? to().connection(connection) : Visited();
}

/// What concerns the whole capture concerns each of its flows.
WholeFlows::Visited WholeFlows::note(const pipeline::Note& note) {
  return note.flow == 0 || keeps(note.flow) ? to().note(note) : Visited();
}

WholeFlows::Visited WholeFlows::window(const pipeline::Window& window) {
  return keeps(window.flow) ? to().window(window) : Visited();
}

WholeFlows::Visited WholeFlows::gap(const formats::Gap& gap) {
  return keeps(gap.flow) ? to().gap(gap) : Visited();
}

PickedFrames::PickedFrames(const Reading& reading, formats::CaptureWriter& to,
                           std::vector<std::string> messages_in)
    : Extraction(reading, to), excerpt_(to) {
  if (!messages_in.empty()) messages_.emplace(std::move(messages_in), selection());
}

PickedFrames::Visited PickedFrames::opened(const pipeline::FlowOpened& flow) {
  excerpt_.open(flow);
  subjects_.open(flow);
  return {};
}

bool PickedFrames::picks(pipeline::Envelope& envelope, Bytes payload, const filter::FlowSubject& flow,
                         formats::MergedReader& reader) {
  const auto taken = [&] {
    return messages_ ? messages_->picks(envelope, payload, flow)
                     : selection().takes(pipeline::subject_of(envelope, payload, flow));
  };
  if (!selection().takes_settled(envelope, reader, taken)) return false;
  count_frames(1);
  remember_pending(envelope);
  if (counted_.insert(envelope.flow).second) count_flow();
  return true;
}

PickedFrames::Visited PickedFrames::burst(const pipeline::Burst& burst, formats::MergedReader& reader) {
  const auto flow = subjects_.of(burst.flow);
  return excerpt_.burst(burst, [&](pipeline::Envelope& envelope, Bytes payload) {
    return picks(envelope, payload, flow, reader);
  });
}

PickedFrames::Visited PickedFrames::closed(const pipeline::FlowClosed& flow) {
  subjects_.close(flow.id);
  counted_.erase(flow.id);
  if (messages_) messages_->close(flow.id);
  return excerpt_.close(flow);
}

/// As in listings: what is said of flows is no frame; how they ended lists its kinds.
PickedFrames::Visited PickedFrames::note(const pipeline::Note& note) {
  return note.flow == 0 ? to().note(note) : Visited();
}

PickedFrames::Visited PickedFrames::window(const pipeline::Window& window) {
  excerpt_.resume(window);
  return {};
}

PickedFrames::Visited PickedFrames::gap(const formats::Gap& gap) {
  excerpt_.resume(gap);
  return {};
}

}  // namespace wstap::cmd

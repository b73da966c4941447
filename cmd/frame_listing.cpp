// SPDX-License-Identifier: Apache-2.0
#include "cmd/frame_listing.h"

#include "libcore/base/ascii.h"

namespace wstap::cmd {

std::optional<FrameId> parse_frame_id(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto flow = parse_decimal<pipeline::FlowId>(text.substr(0, colon));
  const auto sequence = parse_decimal<pipeline::Sequence>(text.substr(colon + 1));
  if (!flow || !sequence) return std::nullopt;
  return FrameId{*flow, *sequence};
}

FrameListing::FrameListing(Form form, const Reading& reading, std::optional<FrameId> only)
    : FrameVisitor(reading), printer_(std::move(form)), only_(only) {}

void FrameListing::opened(const pipeline::FlowOpened& flow, std::string& out) {
  if (only_ && only_->flow == flow.id && only_->sequence < pipeline::kFirstFrame) head(flow, out);
  if (!lists_everything()) return;
  json().flow(out, flow, nullptr);
  open_[flow.id] = flow;
}

/// Request and response have the sequence numbers 0 and 1.
void FrameListing::head(const pipeline::FlowOpened& flow, std::string& out) {
  found_ = true;
  const Bytes head = only_->sequence == 0 ? flow.facts.request_head : flow.facts.response_head;
  if (is_json(shape())) {
    json().head(out, flow, only_->sequence);
  } else if (shape() == Shape::raw) {
    formats::raw_view(out, head);
  } else {
    formats::head_view(out, head);
  }
}

/// A message reaches over frames: of the flow that is asked for, all of them are read.
formats::Depth FrameListing::depth(const pipeline::Burst& burst) const {
  if (shape() == Shape::columns && !printer_.form().columns.look_at_payloads()) return depth_of_selection();
  return !only_ || only_->flow == burst.flow ? formats::Depth::payloads : formats::Depth::headers;
}

bool FrameListing::wants(const pipeline::Envelope& envelope) const {
  return !only_ || *only_ == FrameId{envelope.flow, envelope.sequence};
}

void FrameListing::frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) {
  found_ = found_ || only_;
  printer_.print(out, envelope, payload, subject_of(envelope.flow));
  if (!only_ && (shape() == Shape::raw || shape() == Shape::structured)) out += '\n';
}

void FrameListing::closed(const pipeline::FlowClosed& closed, std::string& out) {
  const auto flow = open_.extract(closed.id);
  if (!flow.empty()) json().flow(out, flow.mapped(), &closed);
}

void FrameListing::other(const formats::Record& record, std::string& out) {
  if (!lists_everything()) return;
  if (const auto* connection = std::get_if<pipeline::ConnectionRecord>(&record)) {
    json().connection(out, *connection);
  } else if (const auto* outcome = std::get_if<pipeline::Outcome>(&record)) {
    json().outcome(out, *outcome);
  } else if (const auto* window = std::get_if<pipeline::Window>(&record)) {
    json().window(out, *window);
  } else if (const auto* gap = std::get_if<formats::Gap>(&record)) {
    json().gap(out, *gap);
  } else if (const auto* note = std::get_if<pipeline::Note>(&record)) {
    json().note(out, *note);
  }
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "cmd/frame_visitor.h"

namespace wstap::cmd {

void FrameVisitor::take(const formats::Record& record, formats::EventReader& reader, std::string& out) {
  if (capture_ != reader.path()) capture(capture_ = reader.path());
  if (const auto* each = std::get_if<pipeline::Burst>(&record)) {
    burst(*each, reader, out);
  } else if (const auto* begin = std::get_if<pipeline::FlowOpened>(&record)) {
    book_.open(*begin);
    flows_.open(*begin);
    opened(*begin, out);
  } else if (const auto* end = std::get_if<pipeline::FlowClosed>(&record)) {
    closed(*end, out);
    book_.close(end->id);
    flows_.close(end->id);
  } else {
    if (const auto* window = std::get_if<pipeline::Window>(&record)) book_.resume(*window);
    if (const auto* gap = std::get_if<formats::Gap>(&record)) book_.resume(*gap);
    other(record, out);
  }
}

void FrameVisitor::burst(const pipeline::Burst& burst, formats::EventReader& reader, std::string& out) {
  const bool picks = picks_frames_ && !selection_.everything();
  const auto flow = picks ? flows_.of(burst.flow) : filter::FlowSubject();
  book_.visit(burst, depth(burst), [&](pipeline::Envelope& envelope, Bytes payload) {
    if (!wants(envelope)) return;
    const auto taken = [&] {
      return !picks || selection_.takes(pipeline::subject_of(envelope, payload, flow));
    };
    if (selection_.takes_settled(envelope, reader, taken)) frame(envelope, payload, out);
  });
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "cmd/rehearsal.h"

#include <fmt/format.h>

namespace wstap::cmd {

RehearsedFlow& Rehearsal::flow(pipeline::FlowId id) {
  const auto found = flows_.find(id);
  if (found != flows_.end()) return found->second;
  const auto names = names_of(id);
  auto out_of_scope = pipeline_.scope().refusal(names.destination());
  return flows_.try_emplace(id, pipeline_, output_.get(), names, std::move(out_of_scope)).first->second;
}

void Rehearsal::frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) {
  flow(envelope.flow).take(envelope, payload, [&](const pipeline::Envelope& judged, Bytes said) {
    list(judged, said, out);
  });
}

void Rehearsal::closed(const pipeline::FlowClosed& closed, std::string& out) {
  if (auto ended = flows_.extract(closed.id)) end(ended.mapped(), out);
}

void Rehearsal::finish(std::string& out) {
  for (auto& [id, flow] : flows_) end(flow, out);
  if (telling_ == Telling::count) out += fmt::format("{}\n", count_);
  if (telling_ == Telling::by_rule) tallies_.print(out);
}

void Rehearsal::end(RehearsedFlow& flow, std::string& out) {
  flow.end([&](const pipeline::Envelope& judged, Bytes said) { list(judged, said, out); });
  if (telling_ == Telling::by_rule) tallies_.add(flow.picked());
}

void Rehearsal::list(const pipeline::Envelope& envelope, Bytes payload, std::string& out) {
  blocked_ |= envelope.verdict == pipeline::Verdict::blocked || envelope.by_safety();
  if (telling_ == Telling::by_rule) return tallies_.add(envelope);
  const auto flow = subject_of(envelope.flow);
  if (!selection().takes(pipeline::message_subject_of(envelope, payload, flow))) return;
  ++count_;
  if (telling_ == Telling::count) return;
  printer_.print(out, envelope, payload, flow);
  const Shape shape = printer_.form().shape;
  if (shape == Shape::raw || shape == Shape::structured) out += '\n';
}

}  // namespace wstap::cmd

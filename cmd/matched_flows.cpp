// SPDX-License-Identifier: Apache-2.0
#include "cmd/matched_flows.h"

namespace wstap::cmd {

void MatchedFlows::opened(const pipeline::FlowOpened& flow, std::string&) {
  if (selection().takes(subject_of(flow.id))) ids_.insert(flow.id);
}

formats::Depth MatchedFlows::depth(const pipeline::Burst&) const {
  return depth_of_selection();
}

bool MatchedFlows::wants(const pipeline::Envelope& envelope) const {
  return !selection().looks_at_flows_alone() && !has(envelope.flow);
}

void MatchedFlows::frame(const pipeline::Envelope& envelope, Bytes, std::string&) {
  ids_.insert(envelope.flow);
}

void MatchedFlows::other(const formats::Record& record, std::string&) {
  const auto* connection = std::get_if<pipeline::ConnectionRecord>(&record);
  if (connection == nullptr) return;
  const pipeline::FlowNames names(*connection);
  if (selection().takes(names.subject())) ids_.insert(connection->id);
}

}  // namespace wstap::cmd

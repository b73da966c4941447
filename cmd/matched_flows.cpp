// SPDX-License-Identifier: Apache-2.0
#include "cmd/matched_flows.h"

namespace wstap::cmd {

void MatchedFlows::opened(const pipeline::FlowOpened& flow, std::string&) {
  if (selection().takes(subject_of(flow.id))) ids_.insert(flow.id);
}

formats::Depth MatchedFlows::depth(const pipeline::Burst&) const {
  return selection().looks_at_payloads() ? formats::Depth::payloads : formats::Depth::headers;
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
  const pipeline::FlowNames names(connection->id, connection->facts.url, {});
  if (selection().takes(names.subject())) ids_.insert(connection->id);
}

}  // namespace wstap::cmd

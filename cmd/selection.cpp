// SPDX-License-Identifier: Apache-2.0
#include "cmd/selection.h"

namespace wstap::cmd {

using filter::Field;

filter::FlowSubject FlowSubjects::of(pipeline::FlowId flow) const {
  const auto found = flows_.find(flow);
  return found == flows_.end() ? filter::FlowSubject{.id = flow} : found->second.subject();
}

pipeline::FlowNames FlowSubjects::names_of(pipeline::FlowId flow) const {
  const auto found = flows_.find(flow);
  return found == flows_.end() ? pipeline::FlowNames(flow, {}, {}) : found->second;
}

Selection::Selection(std::optional<filter::Filter> filter)
    : filter_(std::move(filter)),
      flows_alone_(!filter_ || !filter_->reads_any([](Field field) { return !filter::is_of_flow(field); })),
      fates_(filter_ && (filter_->reads_any(filter::is_of_recording) || filter_->reads(Field::tag))),
      payloads_(filter_ && filter_->reads_any(filter::wants_payload)) {}

bool Selection::takes(const filter::FlowSubject& flow) const {
  return flows_alone_ && takes(filter::Subject{.flow = flow});
}

}  // namespace wstap::cmd

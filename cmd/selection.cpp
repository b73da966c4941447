// SPDX-License-Identifier: Apache-2.0
#include "cmd/selection.h"

#include <algorithm>

namespace wstap::cmd {

using filter::Field;

filter::FlowSubject FlowSubjects::of(pipeline::FlowId flow) const {
  const auto found = flows_.find(flow);
  return found == flows_.end() ? filter::FlowSubject{.id = flow} : found->second.subject();
}

Selection::Selection(std::optional<filter::Filter> filter)
    : filter_(std::move(filter)),
      flows_alone_(!filter_ || std::ranges::all_of(filter::all_fields(),
                                                   [this](const filter::FieldInfo& entry) {
                                                     return filter::is_of_flow(entry.field) ||
                                                            !filter_->reads(entry.field);
                                                   })),
      fates_(filter_ &&
             (filter_->reads(Field::verdict) || filter_->reads(Field::cause) || filter_->reads(Field::tag))),
      payloads_(filter_ && (filter_->reads_payload() || filter_->reads(Field::anomaly) ||
                            filter_->reads(Field::close_code))) {}

bool Selection::takes(const filter::FlowSubject& flow) const {
  return flows_alone_ && takes(filter::Subject{.flow = flow});
}

}  // namespace wstap::cmd

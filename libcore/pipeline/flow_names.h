// SPDX-License-Identifier: Apache-2.0
// What rules and filters know of a flow, kept while it lives: small, because most flows are idle.
#pragma once

#include "libcore/filter/subject.h"
#include "libcore/pipeline/flow_facts.h"
#include "libcore/pipeline/scope.h"

namespace wstap::pipeline {

class FlowNames {
 public:
  FlowNames(FlowId id, std::string url, std::string subprotocol, std::string target = {});
  explicit FlowNames(const FlowOpened& flow)
      : FlowNames(flow.id, flow.facts.url, flow.subprotocol, flow.target) {}
  explicit FlowNames(const ConnectionRecord& none) : FlowNames(none.id, none.facts.url, {}) {}

  FlowId id() const noexcept { return id_; }
  const std::string& url() const noexcept { return url_; }
  /// Valid as long as this is where it is.
  filter::FlowSubject subject() const noexcept;
  /// The same: where the flow leads. What its URL says, where nobody knows better.
  Destination destination() const noexcept;

 private:
  struct Part {
    std::uint32_t begin = 0, length = 0;
  };
  Part part(std::string_view view) const noexcept;
  std::string_view of(Part part) const noexcept {
    return std::string_view(url_).substr(part.begin, part.length);
  }

  FlowId id_;
  std::string url_, subprotocol_, target_;
  Part host_, path_;  ///< of the URL
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// The flows that a filter picks: those of which it takes a frame, or which it takes for what they are.
#pragma once

#include <set>

#include "cmd/frame_visitor.h"

namespace wstap::cmd {

class MatchedFlows final : public FrameVisitor {
 public:
  explicit MatchedFlows(const Reading& reading) : FrameVisitor(reading) {}
  bool has(pipeline::FlowId flow) const { return ids_.contains(flow); }
  std::size_t size() const noexcept { return ids_.size(); }

 private:
  void opened(const pipeline::FlowOpened& flow, std::string& out) override;
  formats::Depth depth(const pipeline::Burst& burst) const override;
  bool wants(const pipeline::Envelope& envelope) const override;
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) override;
  void other(const formats::Record& record, std::string& out) override;

  std::set<pipeline::FlowId> ids_;
};

}  // namespace wstap::cmd

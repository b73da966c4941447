// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --lint`: what the RFCs forbid, one line an anomaly (INS-2).
#pragma once

#include "cmd/frame_visitor.h"

namespace wstap::cmd {

class Lint final : public FrameVisitor {
 public:
  /// @param shape  lines or JSON Lines.
  Lint(Shape shape, const Reading& reading) : FrameVisitor(reading), shape_(shape) {}
  bool found_fault() const override { return found_; }

 private:
  void capture(const std::string& path) override { capture_ = path; }
  void opened(const pipeline::FlowOpened& flow, std::string& out) override;
  bool wants(const pipeline::Envelope& envelope) const override { return !envelope.anomalies.empty(); }
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) override;
  void report(std::string& out, std::string_view where, pipeline::FlowId flow, pipeline::Sequence sequence,
              ws::AnomalySet anomalies);

  Shape shape_;
  std::string capture_;
  bool found_ = false;
};

}  // namespace wstap::cmd

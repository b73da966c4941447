// SPDX-License-Identifier: Apache-2.0
// `wstap inspect`: one entry a frame, or the one frame that is asked for.
#pragma once

#include <map>
#include <optional>

#include "cmd/frame_printer.h"
#include "cmd/frame_visitor.h"

namespace wstap::cmd {

/// FLOW:SEQ, as in "--frame 1:7".
struct FrameId {
  pipeline::FlowId flow = 0;
  pipeline::Sequence sequence = 0;
  bool operator==(const FrameId&) const = default;
};
std::optional<FrameId> parse_frame_id(std::string_view text);

class FrameListing final : public FrameVisitor {
 public:
  FrameListing(Form form, const Reading& reading, std::optional<FrameId> only);
  bool satisfied() const override { return found_; }

 private:
  void capture(const std::string& path) override { printer_.set_capture(path); }
  void opened(const pipeline::FlowOpened& flow, std::string& out) override;
  formats::Depth depth(const pipeline::Burst& burst) const override;
  bool wants(const pipeline::Envelope& envelope) const override;
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) override;
  void closed(const pipeline::FlowClosed& closed, std::string& out) override;
  void other(const formats::Record& record, std::string& out) override;
  void head(const pipeline::FlowOpened& flow, std::string& out);
  /// The lossless form of a whole capture holds what is no frame as well.
  bool lists_everything() const { return shape() == Shape::jsonl && !only_ && selection().everything(); }
  Shape shape() const noexcept { return printer_.form().shape; }
  formats::JsonView& json() noexcept { return printer_.json(); }

  FramePrinter printer_;
  std::optional<FrameId> only_;
  bool found_ = false;
  std::map<pipeline::FlowId, pipeline::FlowOpened> open_;  ///< kept for the lossless form only
};

}  // namespace wstap::cmd

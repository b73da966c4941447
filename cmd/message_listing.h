// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --messages`: one entry a message, when its last frame is there.
#pragma once

#include "cmd/frame_visitor.h"
#include "formats/line_view.h"
#include "formats/message_book.h"

namespace wstap::cmd {

class MessageListing final : public FrameVisitor {
 public:
  MessageListing(Form form, const Reading& reading);
  void finish(std::string& out) override;

 private:
  void capture(const std::string& path) override { json_.set_capture(path); }
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) override;
  void closed(const pipeline::FlowClosed& closed, std::string& out) override;
  void print(const formats::Message& message);

  Form form_;
  formats::MessageBook messages_;
  formats::LineView lines_;
  formats::JsonView json_;
  std::string* out_ = nullptr;  ///< of the call that is running
};

}  // namespace wstap::cmd

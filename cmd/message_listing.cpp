// SPDX-License-Identifier: Apache-2.0
#include "cmd/message_listing.h"

namespace wstap::cmd {

MessageListing::MessageListing(Shape shape, bool colour, Inflating inflating)
    : FrameVisitor(inflating),
      shape_(shape),
      messages_([this](const formats::Message& message) { print(message); }),
      lines_(colour),
      json_({}, json_detail(shape)) {}

void MessageListing::frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) {
  out_ = &out;
  messages_.take(envelope, payload);
}

void MessageListing::closed(const pipeline::FlowClosed& closed, std::string& out) {
  out_ = &out;
  messages_.close(closed.id);
}

void MessageListing::finish(std::string& out) {
  out_ = &out;
  messages_.close_all();
}

void MessageListing::print(const formats::Message& message) {
  switch (shape_) {
    case Shape::line: return lines_.message(*out_, message);
    case Shape::json:
    case Shape::jsonl: return json_.message(*out_, message);
    case Shape::raw: formats::raw_view(*out_, message); break;
    case Shape::structured: formats::structured_view(*out_, message); break;
  }
  *out_ += '\n';
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "cmd/message_listing.h"

namespace wstap::cmd {

MessageListing::MessageListing(Form form, const Reading& reading)
    : FrameVisitor(reading, false),
      form_(std::move(form)),
      messages_([this](const formats::Message& message) { print(message); }),
      lines_(form_.colour),
      json_({}, json_detail(form_.shape)) {}

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
  const auto flow = subject_of(message.flow);
  const auto subject = formats::subject_of(message, flow);
  if (!selection().takes(subject)) return;
  switch (form_.shape) {
    case Shape::line: return lines_.message(*out_, message);
    case Shape::json:
    case Shape::jsonl: return json_.message(*out_, message);
    case Shape::columns: return form_.columns.print(*out_, subject);
    case Shape::raw: formats::raw_view(*out_, message); break;
    case Shape::structured: formats::structured_view(*out_, message); break;
  }
  *out_ += '\n';
}

}  // namespace wstap::cmd

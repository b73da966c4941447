// SPDX-License-Identifier: Apache-2.0
#include "cmd/count.h"

#include <fmt/format.h>

namespace wstap::cmd {

void Count::take(const formats::Record& record, formats::EventReader&, std::string&) {
  if (!flows_) {
    if (const auto* burst = std::get_if<pipeline::Burst>(&record)) count_ += burst->ends.size();
  } else if (const auto* opened = std::get_if<pipeline::FlowOpened>(&record)) {
    if (!opened->resumed) ++count_;
  } else if (std::holds_alternative<pipeline::ConnectionRecord>(record)) {
    ++count_;
  }
}

void Count::finish(std::string& out) {
  out += fmt::format("{}\n", count_);
}

formats::Depth CountOfFrames::depth(const pipeline::Burst&) const {
  return depth_of_selection();
}

void CountOfFrames::finish(std::string& out) {
  out += fmt::format("{}\n", count_);
}

CountOfMessages::CountOfMessages(const Reading& reading)
    : FrameVisitor(reading, false), messages_([this](const formats::Message& message) {
        if (selection().takes(formats::subject_of(message, subject_of(message.flow)))) ++count_;
      }) {}

void CountOfMessages::finish(std::string& out) {
  messages_.close_all();
  out += fmt::format("{}\n", count_);
}

void CountOfFlows::finish(std::string& out) {
  out += fmt::format("{}\n", flows_.size());
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --count`: how many frames, messages or flows there are; or that a filter picks.
#pragma once

#include "cmd/matched_flows.h"
#include "formats/message_book.h"

namespace wstap::cmd {

/// Of everything: no frame is looked at.
class Count final : public Listing {
 public:
  explicit Count(bool flows) : flows_(flows) {}
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override;
  void finish(std::string& out) override;

 private:
  bool flows_;
  std::uint64_t count_ = 0;
};

class CountOfFrames final : public FrameVisitor {
 public:
  explicit CountOfFrames(const Reading& reading) : FrameVisitor(reading) {}
  void finish(std::string& out) override;

 private:
  formats::Depth depth(const pipeline::Burst& burst) const override;
  void frame(const pipeline::Envelope&, Bytes, std::string&) override { ++count_; }

  std::uint64_t count_ = 0;
};

class CountOfMessages final : public FrameVisitor {
 public:
  explicit CountOfMessages(const Reading& reading);
  void finish(std::string& out) override;

 private:
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string&) override {
    messages_.take(envelope, payload);
  }
  void closed(const pipeline::FlowClosed& closed, std::string&) override { messages_.close(closed.id); }

  formats::MessageBook messages_;
  std::uint64_t count_ = 0;
};

class CountOfFlows final : public Listing {
 public:
  explicit CountOfFlows(const Reading& reading) : flows_(reading) {}
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) override {
    flows_.take(record, reader, out);
  }
  void finish(std::string& out) override;

 private:
  MatchedFlows flows_;
};

}  // namespace wstap::cmd

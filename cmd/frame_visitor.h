// SPDX-License-Identifier: Apache-2.0
// What all listings that look at frames have in common: records go to a FlowBook, which knows the state of
// every flow, and frames come out of it.
#pragma once

#include "cmd/listing.h"
#include "formats/flow_book.h"

namespace wstap::cmd {

/// Hands out each record in its parts, in order. `out` is where a part appends what it prints.
class FrameVisitor : public Listing {
 public:
  /// What is made of compressed messages, by ws::index.
  using Inflating = std::array<ws::Inflating, 2>;
  explicit FrameVisitor(Inflating inflating) : book_(inflating) {}
  void take(const formats::Record& record, formats::EventReader& reader, std::string& out) final;

 protected:
  /// Records from here on are of the capture at this path.
  virtual void capture(const std::string&) {}
  virtual void opened(const pipeline::FlowOpened&, std::string&) {}
  /// How much of a burst's frames is wanted.
  virtual formats::Depth depth(const pipeline::Burst&) const { return formats::Depth::payloads; }
  /// Only what is wanted is settled and shown: looking up the fate of a pending frame reads ahead.
  virtual bool wants(const pipeline::Envelope&) const { return true; }
  /// @param payload  as FlowBook::visit gives it.
  virtual void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) = 0;
  virtual void closed(const pipeline::FlowClosed&, std::string&) {}
  /// A connection, an outcome, a note.
  virtual void other(const formats::Record&, std::string&) {}

 private:
  void burst(const pipeline::Burst& burst, formats::EventReader& reader, std::string& out);

  formats::FlowBook book_;
  std::string capture_;
};

}  // namespace wstap::cmd

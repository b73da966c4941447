// SPDX-License-Identifier: Apache-2.0
// What all listings that look at frames have in common: records go to a FlowBook, which knows the state of
// every flow, and frames come out of it.
#pragma once

#include "cmd/listing.h"
#include "cmd/selection.h"
#include "formats/flow_book.h"

namespace wstap::cmd {

/// How captures are read, whatever is listed.
struct Reading {
  std::array<ws::Inflating, 2> inflating;  ///< what is made of compressed messages, by ws::index
  std::optional<filter::Filter> filter;
};

/// Hands out each record in its parts, in order. `out` is where a part appends what it prints.
class FrameVisitor : public Listing {
 public:
  /// @param picks_frames  false: the filter is about something that is made of frames, and all are handed
  /// out.
  explicit FrameVisitor(const Reading& reading, bool picks_frames = true)
      : book_(reading.inflating), selection_(reading.filter), picks_frames_(picks_frames) {}
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

  const Selection& selection() const noexcept { return selection_; }
  /// What it takes to know which frames the filter picks.
  formats::Depth depth_of_selection() const noexcept {
    return selection_.looks_at_payloads() ? formats::Depth::payloads : formats::Depth::headers;
  }
  filter::FlowSubject subject_of(pipeline::FlowId flow) const { return flows_.of(flow); }
  pipeline::FlowNames names_of(pipeline::FlowId flow) const { return flows_.names_of(flow); }

 private:
  void burst(const pipeline::Burst& burst, formats::EventReader& reader, std::string& out);

  formats::FlowBook book_;
  Selection selection_;
  bool picks_frames_;
  FlowSubjects flows_;
  std::string capture_;
};

}  // namespace wstap::cmd

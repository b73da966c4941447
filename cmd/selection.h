// SPDX-License-Identifier: Apache-2.0
// What `-Y` picks of frames, messages and flows; without it, everything.
#pragma once

#include <map>
#include <optional>

#include "formats/message_book.h"
#include "libcore/filter/filter.h"
#include "libcore/pipeline/frame_subject.h"

namespace wstap::cmd {

/// The flows that are open, as filters and columns see them.
class FlowSubjects {
 public:
  void open(const pipeline::FlowOpened& flow) { flows_.insert_or_assign(flow.id, pipeline::FlowNames(flow)); }
  void close(pipeline::FlowId flow) { flows_.erase(flow); }
  /// Valid until the flow is closed. A flow whose beginning was not read has its number only.
  filter::FlowSubject of(pipeline::FlowId flow) const;
  pipeline::FlowNames names_of(pipeline::FlowId flow) const;

 private:
  std::map<pipeline::FlowId, pipeline::FlowNames> flows_;
};

class Selection {
 public:
  explicit Selection(std::optional<filter::Filter> filter);

  bool takes(const filter::Subject& subject) const { return !filter_ || filter_->matches(subject); }
  /// A flow, or what never became one, that has no frame to look at.
  bool takes(const filter::FlowSubject& flow) const;

  bool everything() const noexcept { return !filter_; }
  /// All that counts is the same for all frames of a flow.
  bool looks_at_flows_alone() const noexcept { return flows_alone_; }
  /// It counts what became of a frame, which is known only later for one that was pending.
  bool looks_at_fates() const noexcept { return fates_; }
  /// It counts what payloads say, or whether they are as they should be.
  bool looks_at_payloads() const noexcept { return payloads_; }

  /// Settles what became of a frame where that counts, or where the frame is taken: it reads ahead.
  /// @param taken  () -> bool. @return what that said.
  template <class Reader, class Taken>
  bool takes_settled(pipeline::Envelope& envelope, Reader& reader, Taken&& taken) const {
    if (fates_) reader.settle(envelope);
    if (!taken()) return false;
    if (!fates_) reader.settle(envelope);
    return true;
  }

 private:
  std::optional<filter::Filter> filter_;
  bool flows_alone_, fates_, payloads_;
};

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// `wstap inspect -w OUT`: what becomes of each record of the captures in the one that is written (INS-6).
#pragma once

#include <set>

#include "cmd/frame_visitor.h"
#include "cmd/message_picker.h"
#include "formats/excerpt.h"

namespace wstap::cmd {

/// Takes records one by one and writes those that are picked, or what is picked of them.
class Extraction {
 public:
  /// @param to  outlives this.
  Extraction(const Reading& reading, formats::CaptureWriter& to) : selection_(reading.filter), to_(to) {}
  virtual ~Extraction() = default;
  /// @error what CaptureWriter says.
  Result<void> take(const formats::Record& record, formats::MergedReader& reader);

  std::uint64_t frames() const noexcept { return frames_; }
  std::uint64_t flows() const noexcept { return flows_; }

 protected:
  using Visited = Result<void>;
  virtual Visited opened(const pipeline::FlowOpened& flow) = 0;
  virtual Visited burst(const pipeline::Burst& burst, formats::MergedReader& reader) = 0;
  virtual Visited closed(const pipeline::FlowClosed& flow) = 0;
  virtual Visited connection(const pipeline::ConnectionRecord& connection) = 0;
  virtual Visited note(const pipeline::Note& note) = 0;
  virtual Visited window(const pipeline::Window& window) = 0;
  virtual Visited gap(const formats::Gap& gap) = 0;

  void count_frames(std::uint64_t frames) noexcept { frames_ += frames; }
  void count_flow() noexcept { ++flows_; }
  /// A frame is kept: where nothing can be read ahead, what became of it comes later.
  void remember_pending(const pipeline::Envelope& envelope);

  const Selection& selection() const noexcept { return selection_; }
  formats::CaptureWriter& to() noexcept { return to_; }

 private:
  Selection selection_;
  formats::CaptureWriter& to_;
  /// Frames that were written as pending.
  std::set<std::pair<pipeline::FlowId, pipeline::Sequence>> pending_;
  std::uint64_t frames_ = 0, flows_ = 0;
};

/// Flows as they are, all records of them; and what never became one.
class WholeFlows final : public Extraction {
 public:
  using Extraction::Extraction;

 private:
  Visited opened(const pipeline::FlowOpened& flow) override;
  Visited burst(const pipeline::Burst& burst, formats::MergedReader& reader) override;
  Visited closed(const pipeline::FlowClosed& flow) override;
  Visited connection(const pipeline::ConnectionRecord& connection) override;
  Visited note(const pipeline::Note& note) override;
  Visited window(const pipeline::Window& window) override;
  Visited gap(const formats::Gap& gap) override;
  bool keeps(pipeline::FlowId flow);

  std::map<pipeline::FlowId, bool> flows_;  ///< those that are open, and whether they are kept
  std::vector<pipeline::Mark> marks_;       ///< of the burst that is written
};

/// Frames, or the frames of messages, and the flows they are in.
class PickedFrames final : public Extraction {
 public:
  /// @param messages_in  the captures, if the filter is about messages; else none.
  PickedFrames(const Reading& reading, formats::CaptureWriter& to, std::vector<std::string> messages_in);

 private:
  Visited opened(const pipeline::FlowOpened& flow) override;
  Visited burst(const pipeline::Burst& burst, formats::MergedReader& reader) override;
  Visited closed(const pipeline::FlowClosed& flow) override;
  Visited connection(const pipeline::ConnectionRecord&) override { return {}; }
  Visited note(const pipeline::Note& note) override;
  Visited window(const pipeline::Window& window) override;
  Visited gap(const formats::Gap& gap) override;
  bool picks(pipeline::Envelope& envelope, Bytes payload, const filter::FlowSubject& flow,
             formats::MergedReader& reader);

  formats::Excerpt excerpt_;
  FlowSubjects subjects_;
  std::optional<MessagePicker> messages_;
  std::set<pipeline::FlowId> counted_;  ///< the open flows of which a frame is kept
};

}  // namespace wstap::cmd

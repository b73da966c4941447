// SPDX-License-Identifier: Apache-2.0
// Frames taken out of recordings, written so that they read as they did among the others (INS-6).
#pragma once

#include <functional>
#include <map>

#include "formats/capture_writer.h"
#include "formats/flow_book.h"

namespace wstap::formats {

/// Is told everything of the flows it takes frames from, in order, and keeps up with two things: how the
/// recording reads, and how what is written reads. Where the two would part, it writes what keeps them
/// together before the next frame that is kept:
/// - a Gap, where a frame would be taken for a part of another message, or of none, or would be inflated with
///   what it does not refer to;
/// - Mark::content, what a message says whose context is missing, and Mark::anomalies, what is wrong with
///   payloads that cannot be judged any more;
/// - a Window, once the contents since the last gap are as large as that: frames that follow each other then
///   read by themselves again. A window before every frame would cost 32 KiB where most messages say less.
class Excerpt {
 public:
  /// Whether a frame is kept; may settle the envelope (EventReader::settle).
  using Pick = std::function<bool(pipeline::Envelope&, Bytes payload)>;

  /// @param to  outlives this.
  explicit Excerpt(CaptureWriter& to);
  ~Excerpt();
  Excerpt(const Excerpt&) = delete;
  Excerpt& operator=(const Excerpt&) = delete;

  /// Written when the first of its frames is kept.
  void open(const pipeline::FlowOpened& opened);
  /// @error what CaptureWriter says.
  Result<void> burst(const pipeline::Burst& burst, const Pick& picks);
  void resume(const pipeline::Window& window);
  void resume(const Gap& gap);
  /// Written if a frame was kept. @error what CaptureWriter says.
  Result<void> close(const pipeline::FlowClosed& closed);

 private:
  struct Lane;
  struct Flow;
  /// Frames that share a record.
  struct Run {
    pipeline::Burst head;  ///< but for raw, ends and marks
    Buffer raw;
    std::vector<std::uint32_t> ends;
    std::vector<pipeline::Mark> marks;
    std::size_t said = 0;  ///< bytes in marks
  };

  Flow& flow_of(pipeline::FlowId id);
  Result<void> frame(Flow& flow, pipeline::Envelope& envelope, Bytes payload, const pipeline::Mark* mark,
                     const Pick& picks);
  Result<void> keep(Flow& flow, const pipeline::Envelope& envelope, Bytes payload, const pipeline::Mark* mark,
                    const ws::MessageTracker::State& before);
  Result<void> write_window(Lane& lane, const pipeline::Envelope& envelope);
  Result<void> write_gap(Lane& lane, const pipeline::Envelope& envelope,
                         const ws::MessageTracker::State& before);
  pipeline::Mark mark_for(Lane& lane, const pipeline::Envelope& envelope, Bytes payload,
                          const pipeline::Mark* recorded);
  Result<void> add(const pipeline::Envelope& envelope, pipeline::Mark mark);
  Result<void> flush();

  CaptureWriter& to_;
  FlowBook book_;
  std::map<pipeline::FlowId, std::unique_ptr<Flow>> flows_;
  Run run_;
};

}  // namespace wstap::formats

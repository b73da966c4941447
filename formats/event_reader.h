// SPDX-License-Identifier: Apache-2.0
// A capture as one story: sections and parts joined, flows numbered through, fates of pending frames known.
#pragma once

#include <map>
#include <memory>

#include "formats/capture_reader.h"
#include "formats/part_order.h"
#include "libcore/pipeline/envelope.h"

namespace wstap::formats {

/// Reads several captures one after the other. Flow numbers are unique per section; here they are unique over
/// all that is read, in order.
class EventReader {
 public:
  /// @param paths  at least one; "-" is standard input.
  static Result<EventReader> open(std::vector<std::string> paths, SourceOptions options = {});

  /// As CaptureReader::next, with flows renumbered; a follow goes on in the next part of a rotated capture.
  /// After an error, which is path()'s, the next call goes on with the capture behind it; nothing when that
  /// was the last.
  Result<std::optional<Record>> next();

  /// Puts what became of a pending frame in the envelope's verdict, cause and sent version: its outcome, or
  /// `unresolved` when the rest of the capture has none. What cannot be read ahead (a pipe, a capture that
  /// is followed) leaves it pending: there the outcome comes as a record of its own.
  void settle(pipeline::Envelope& envelope);

  /// What is wrong with the place of the part that the last record begins, for people; empty: nothing.
  const std::string& part_note() const noexcept { return part_note_; }

  /// Length of the record that next() returned last, in bytes.
  std::size_t record_bytes() const noexcept { return reader_->raw().size(); }
  const std::string& path() const { return paths_[current_]; }
  bool being_written() const { return reader_ && reader_->being_written(); }

 private:
  using FrameKey = std::pair<pipeline::FlowId, pipeline::Sequence>;

  EventReader(std::vector<std::string> paths, SourceOptions options)
      : paths_(std::move(paths)), options_(std::move(options)) {}
  Result<void> open_current();
  bool goes_on_in_next_part();
  void begin_section(const Header& header);
  void renumber(Record& record);
  /// What is recorded of a pending frame behind it.
  struct Fate {
    std::optional<pipeline::Outcome> held;  ///< it is held from there on
    std::optional<pipeline::Outcome> end;
  };
  const Fate* fate_of(FrameKey frame);

  std::vector<std::string> paths_;
  SourceOptions options_;
  std::size_t current_ = 0;
  bool at_end_ = false;  ///< of the current capture
  /// Of a capture that is followed: the name its next part will have; empty: none. Shared with the source.
  std::shared_ptr<std::string> next_part_ = std::make_shared<std::string>();
  std::optional<CaptureReader> reader_;
  std::uint64_t records_ = 0;
  std::optional<Header> section_;
  PartOrder order_;
  std::string part_note_;
  pipeline::FlowId base_ = 0;     ///< added to the flow numbers of this section
  pipeline::FlowId highest_ = 0;  ///< given out so far

  // A second reader that runs ahead, to the outcomes only.
  bool reads_ahead_ = false;
  std::unique_ptr<EventReader> ahead_;
  std::map<FrameKey, Fate> fates_;  ///< of what lies between the two
};

}  // namespace wstap::formats

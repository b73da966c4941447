// SPDX-License-Identifier: Apache-2.0
// Several captures as one, in the order of time (INS-6).
#pragma once

#include <unordered_map>

#include "formats/event_reader.h"

namespace wstap::formats {

/// Takes from the captures whichever has the earliest record next; of two at the same time, the one that was
/// named first. Within a capture nothing changes its place, whatever its times say. Captures with one
/// capture id are parts of one recording: they are read one after the other, as EventReader reads them.
///
/// Where there is more than one recording, flows are numbered anew, in the order in which they appear.
class MergedReader {
 public:
  /// @param paths  at least one; "-" is standard input.
  /// @error the system's own, of any of them.
  static Result<MergedReader> open(const std::vector<std::string>& paths);

  /// See EventReader::next: after an error, which is path()'s, the next call goes on without what is behind
  /// it.
  Result<std::optional<Record>> next();

  /// See EventReader::settle. Of the record that next() returned last.
  void settle(pipeline::Envelope& envelope);

  /// See EventReader.
  const std::string& part_note() const noexcept { return current().reader.part_note(); }
  std::size_t record_bytes() const noexcept { return current().reader.record_bytes(); }
  const std::string& path() const { return current().reader.path(); }
  bool being_written() const { return current().reader.being_written(); }

 private:
  /// One recording, and what it has next.
  struct Source {
    explicit Source(EventReader from) : reader(std::move(from)) {}
    EventReader reader;
    std::optional<Record> head;
    bool over = false;
    std::unordered_map<pipeline::FlowId, pipeline::FlowId> numbers{};  ///< as they are here, by its own
  };

  MergedReader() = default;
  const Source& current() const { return sources_[current_]; }
  Result<void> look(Source& source);
  std::size_t earliest() const;
  void renumber(Source& source, Record& record);

  std::vector<Source> sources_;
  std::size_t current_ = 0;  ///< whose record was returned last
  pipeline::FlowId highest_ = 0;
  pipeline::FlowId original_ = 0;  ///< the number that the current record's flow has in its source
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Recording no more than the beginning of each payload (LIM-3).
#pragma once

#include <map>
#include <utility>

#include "formats/flow_book.h"

namespace wstap::formats {

/// Wants to see every flow and burst, in order: it reads what is cut, and inflates compressed flows, since
/// nobody can later. Frames keep their headers, which say how long they were.
class PayloadCutter {
 public:
  /// @param book  says how compressed messages are read.
  PayloadCutter(std::uint64_t max_payload_bytes, FlowBook book)
      : max_payload_(max_payload_bytes), book_(std::move(book)) {}

  void open(const pipeline::FlowOpened& flow);
  void close(pipeline::FlowId flow);
  /// See FlowBook.
  std::vector<pipeline::Window> windows(pipeline::FlowId flow) const;
  /// What is to be recorded of `burst`: itself, where that is all of it. Valid until the next call, and fits
  /// into a record.
  pipeline::Burst cut(const pipeline::Burst& burst);
  /// A frame, or the beginning of one, as it is to be recorded where nothing is known of its message.
  Bytes cut(Bytes frame) const noexcept;

 private:
  /// What the recording lacks of a direction.
  struct Lacking {
    bool takeover = true;
    bool message = false;  ///< some of the open message
    bool context = false;  ///< something that later compressed messages may refer to
  };
  struct Track {
    bool compressed = false;  ///< permessage-deflate was agreed on
    std::array<Lacking, 2> lacking;
  };
  /// Where in a burst the cutter is.
  struct Progress {
    const pipeline::Burst& burst;
    Track& flow;
    std::uint32_t frame = 0;
    std::size_t mark = 0;
    std::size_t content_room = 0;  ///< bytes that the record has for contents
    bool differs = false;          ///< what is recorded is another burst: the members below
  };
  bool looks_into(const pipeline::Burst& burst) const noexcept;
  Bytes cut(Bytes frame, bool is_text) const noexcept;
  static bool lacks(Lacking& lane, const ws::Placement& placed, bool is_cut) noexcept;
  pipeline::Mark additions(Progress& at, const pipeline::Envelope& envelope, Bytes payload) const;
  Buffer cut_content(Bytes content, const ws::Placement& placed) const;
  void keep(Progress& at, const pipeline::Envelope& envelope, Bytes payload);
  void begin_copy(Progress& at);

  std::uint64_t max_payload_;
  FlowBook book_;
  std::map<pipeline::FlowId, Track> flows_;
  // What cut() returns.
  Buffer raw_;
  std::vector<std::uint32_t> ends_;
  std::vector<pipeline::Mark> marks_;
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Recording no more than the beginning of each payload (LIM-3).
#pragma once

#include <map>

#include "formats/flow_book.h"

namespace wstap::formats {

/// Wants to see every flow and burst, in order: it inflates compressed flows, since what is cut cannot be
/// inflated later. Frames keep their headers, which say how long they were.
class PayloadCutter {
 public:
  /// @param limits  of what is inflated.
  PayloadCutter(std::uint64_t max_payload_bytes, std::array<ws::Inflating, 2> inflating,
                ws::InflateLimits limits)
      : max_payload_(max_payload_bytes), book_(inflating, limits) {}

  void open(const pipeline::FlowOpened& flow);
  void close(pipeline::FlowId flow);
  /// See FlowBook.
  std::vector<pipeline::Window> windows(pipeline::FlowId flow) const {
    return compressed_.contains(flow) ? book_.windows(flow) : std::vector<pipeline::Window>();
  }
  /// What is to be recorded of `burst`. Valid until the next call, and no longer than `burst`.
  pipeline::Burst cut(const pipeline::Burst& burst);
  /// A frame, or the beginning of one, as it is to be recorded.
  Bytes cut(Bytes frame) const noexcept;

 private:
  /// What is missing to inflate a direction from the recording.
  struct Lacking {
    bool takeover = true;
    bool message = false;  ///< some of the open message
    bool context = false;  ///< something that later messages may refer to
  };
  bool lacks_content(const pipeline::Envelope& envelope, bool is_cut);
  void keep(const pipeline::Envelope& envelope, Bytes payload, const pipeline::Mark* mark);

  std::uint64_t max_payload_;
  FlowBook book_;
  std::map<pipeline::FlowId, std::array<Lacking, 2>> compressed_;
  // What cut() returns.
  Buffer raw_;
  std::vector<std::uint32_t> ends_;
  std::vector<pipeline::Mark> marks_;
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Turns recorded bursts back into envelopes: the structure of a frame is derived when somebody asks, by the
// code that the live proxy uses.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>

#include "formats/record.h"
#include "libcore/pipeline/envelope.h"
#include "libcore/ws/message_reader.h"

namespace wstap::formats {

/// How much is derived of each frame.
enum class Depth : std::uint8_t {
  headers,   ///< nothing is unmasked
  payloads,  ///< payloads are unmasked, inflated and checked
};

/// Bytes of memory in which the messages of all flows may wait, inflated, for their rest, unless said
/// otherwise.
constexpr std::uint64_t kMaxWaitingBytes = std::uint64_t{512} << 20;

/// The open flows of what is read. Wants to see every burst, and each in order: messages reach over bursts.
class FlowBook {
 public:
  FlowBook() = default;
  /// @param inflating  what is made of compressed messages, by ws::index.
  /// @param limits  bound what is inflated of each (DEF-5).
  /// @param max_waiting_bytes  bounds what those that are not whole take together (LIM-4): one that would go
  /// beyond it is over a bound, like one over `limits`.
  explicit FlowBook(std::array<ws::Inflating, 2> inflating, ws::InflateLimits limits = {},
                    std::uint64_t max_waiting_bytes = kMaxWaitingBytes)
      : inflating_(inflating), limits_(limits), max_waiting_bytes_(max_waiting_bytes) {}

  void open(const pipeline::FlowOpened& flow);
  void close(pipeline::FlowId flow) { (void)take_readers(flow); }
  /// From here on the direction's compressed messages can be read, whatever is missing before.
  void resume(const pipeline::Window& window);
  /// From here on the direction stands where the gap says.
  void resume(const Gap& gap);

  /// What a reader of what follows needs to inflate the flow, as far as it is known.
  std::vector<pipeline::Window> windows(pipeline::FlowId flow) const;
  /// The readers of a flow's directions, which is closed by this. None: it is not open.
  std::optional<std::array<ws::MessageReader, 2>> take_readers(pipeline::FlowId flow);
  /// Bytes of memory in which messages wait for their rest.
  std::uint64_t waiting_bytes() const noexcept { return waiting_bytes_; }

  /// Calls `visit(Envelope&, Bytes payload)` for each frame, in order. The payload is unmasked, and of a
  /// compressed message's last frame it is the message, inflated; empty at Depth::headers. Both are valid
  /// during the call; the visitor may settle the verdict (EventReader::settle). Frames of flows that were
  /// never opened are taken for what they look like without extensions.
  template <class Visitor>
  void visit(const pipeline::Burst& burst, Depth depth, Visitor&& visit) {
    Cursor at = begin(burst);
    ws::MessageReader& reader = at.flow.readers[ws::index(burst.direction)];
    while (at.frame < burst.ends.size()) {
      waiting_bytes_ -= reader.held();
      reader.may_hold(max_waiting_bytes_ - waiting_bytes_);
      const Bytes payload = step(at, burst, depth);
      visit(envelope_, payload);
      reader.trim();
      waiting_bytes_ += reader.held();
    }
  }

 private:
  /// One flow: the state that the live proxy keeps of it, as far as frames go.
  struct Track {
    Track(ws::Negotiated negotiated, const FlowBook& book)
        : trackers{ws::MessageTracker(ws::Direction::send, negotiated),
                   ws::MessageTracker(ws::Direction::receive, negotiated)},
          readers{ws::MessageReader(negotiated.deflate[0], book.limits_, book.inflating_[0]),
                  ws::MessageReader(negotiated.deflate[1], book.limits_, book.inflating_[1])},
          extended(negotiated.unknown_extension) {}
    std::array<ws::MessageTracker, 2> trackers;
    std::array<ws::MessageReader, 2> readers;
    bool extended;  ///< see Envelope
  };
  /// Where in a burst a visit is.
  struct Cursor {
    Track& flow;
    std::uint32_t frame = 0;  ///< the next one
    std::uint32_t begin = 0;  ///< in the burst's raw bytes
    std::size_t mark = 0;
  };
  Cursor begin(const pipeline::Burst& burst);
  Bytes step(Cursor& at, const pipeline::Burst& burst, Depth depth);
  const pipeline::Mark* copy_mark(Cursor& at, const pipeline::Burst& burst);
  Bytes read(ws::MessageReader& reader, Bytes payload);
  Bytes recorded_content(const pipeline::Mark& mark);
  Bytes unmasked(const ws::Frame& frame);

  std::array<ws::Inflating, 2> inflating_ = {ws::Inflating::on, ws::Inflating::on};
  ws::InflateLimits limits_;
  std::uint64_t max_waiting_bytes_ = kMaxWaitingBytes;
  std::uint64_t waiting_bytes_ = 0;  ///< the sum of held() over all readers
  std::unordered_map<pipeline::FlowId, Track> flows_;
  Buffer payload_;
  pipeline::Envelope envelope_;
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Messages from frames (RFC 6455 5.4): what `inspect --messages` shows.
#pragma once

#include <array>
#include <functional>
#include <unordered_map>

#include "libcore/filter/subject.h"
#include "libcore/pipeline/envelope.h"

namespace wstap::formats {

/// A text or binary message. Views are valid during the call that hands it out.
struct Message {
  pipeline::FlowId flow = 0;
  pipeline::Sequence first = 0, last = 0;  ///< sequence numbers of its frames; control frames may lie between
  std::uint64_t frames = 0;
  UnixNs time_ns = 0;  ///< of its first frame
  ws::Direction direction = ws::Direction::send;
  std::uint8_t opcode = 0;
  bool masked = false;  ///< its first frame is
  bool compressed = false;
  bool finished = true;                           ///< its last frame is there
  ws::Inflation inflation = ws::Inflation::none;  ///< how far a compressed message could be inflated
  std::uint64_t wire_bytes = 0;                   ///< payload bytes of all its frames
  std::uint64_t cut_from = 0;                     ///< see Envelope
  Bytes payload;  ///< what it says; of a compressed message that could not be inflated, the bytes it came in
  ws::AnomalySet anomalies;                                  ///< of all its frames
  pipeline::Verdict verdict = pipeline::Verdict::forwarded;  ///< the first of its frames' that is another
  std::string cause;              ///< of that verdict; a frame that was forwarded may have one too
  pipeline::HoldFacts held;       ///< of the first of its frames that was held, and the longest time
  std::vector<std::string> tags;  ///< of all its frames
  bool withheld = false;          ///< see Envelope: its last frame is
  std::vector<std::string> redacted;

  /// All that it says, recorded or not.
  std::uint64_t content_bytes() const noexcept { return cut_from != 0 ? cut_from : payload.size(); }
  bool says_content() const noexcept { return !compressed || inflation == ws::Inflation::done; }
};

/// A message as filters see it: its sequence number and time are its first frame's.
filter::Subject subject_of(const Message& message, const filter::FlowSubject& flow) noexcept;

/// Takes the frames of any number of flows, each direction in order.
class MessageBook {
 public:
  using Visit = std::function<void(const Message&)>;
  explicit MessageBook(Visit visit) : visit_(std::move(visit)) {}

  /// @param payload  as FlowBook::visit gives it, at Depth::payloads.
  void take(const pipeline::Envelope& envelope, Bytes payload);
  /// No frame of the flow comes any more: hands out what is unfinished.
  void close(pipeline::FlowId flow);
  void close_all();

 private:
  struct Open {
    Message message;
    Buffer payload;  ///< of the frames so far
    bool begun = false;
    bool cut = false;  ///< some frame's payload is
  };
  void hand_out(Open& open);

  Visit visit_;
  std::unordered_map<pipeline::FlowId, std::array<Open, 2>> flows_;
};

}  // namespace wstap::formats

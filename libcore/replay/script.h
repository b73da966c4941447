// SPDX-License-Identifier: Apache-2.0
// What one side of a recorded session said, and what it was answered: what a replay says and expects (REP-1,
// REP-2). Sans-I/O.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "libcore/pipeline/envelope.h"

namespace wstap::replay {

/// Whose part is played.
enum class Role : std::uint8_t { client, server };

/// A message, or a control frame.
struct Line {
  bool ours = false;                ///< to be said; else to be expected
  pipeline::Sequence sequence = 0;  ///< of its first frame, in the recording
  UnixNs time_ns = 0;               ///< of its first frame
  std::uint8_t opcode = 0;
  bool finished = true;  ///< of a message: it has its last frame
  Buffer payload;        ///< unmasked; of a compressed message inflated
  /// Payload lengths of its frames, as they were on the wire.
  std::vector<std::uint64_t> frames;
  Buffer raw;  ///< its frames as they were on the wire, of what is ours
};

struct Script {
  pipeline::FlowOpened flow;
  std::vector<Line> lines;
};

/// Makes the script of one flow from its frames, in their order.
class ScriptWriter {
 public:
  struct Options {
    Role role = Role::client;
    bool as_received = false;  ///< what is said is what came in to wstap, not what left it
    bool exact = false;        ///< of what is said, only Line::raw counts
  };

  ScriptWriter(pipeline::FlowOpened flow, Options options);

  /// @param envelope  settled. @param payload  as FlowBook::visit gives it.
  /// @error no_beginning, not_recorded, not_readable.
  Result<void> take(const pipeline::Envelope& envelope, Bytes payload);
  /// The flow is over.
  Script finish();

 private:
  /// One direction: the frames that are said, or expected.
  struct Side {
    Side(ws::Direction direction, const ws::Negotiated& negotiated)
        : tracker(direction, negotiated), reader(negotiated.deflate[ws::index(direction)], {}) {}
    ws::MessageTracker tracker;
    ws::MessageReader reader;
    std::optional<std::size_t> open;  ///< the line of the message that has no end yet
  };
  /// A frame as it was said, or came.
  struct Spoken {
    ws::Frame frame;
    ws::Placement placed;
    bool ours = false;
    bool as_came = false;  ///< what the book of the recording says of it holds
  };
  bool counts(const pipeline::Envelope& envelope, bool ours) const noexcept;
  Line& line_of(Side& side, const Spoken& spoken, const pipeline::Envelope& envelope);
  Result<void> read(Side& side, Line& line, const Spoken& spoken, const pipeline::Envelope& envelope,
                    Bytes payload);

  Options options_;
  Script script_;
  std::array<Side, 2> sides_;  ///< by ws::index
};

}  // namespace wstap::replay

// SPDX-License-Identifier: Apache-2.0
// Frames that wait for somebody's decision, and such decisions, as reviewers see them (HOLD-2, HOLD-3).
#pragma once

#include <array>
#include <compare>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"
#include "libcore/base/result.h"
#include "libcore/pipeline/flow_facts.h"
#include "libcore/pipeline/hold_settings.h"
#include "libcore/ws/direction.h"
#include "libcore/ws/frame_header.h"
#include "libcore/ws/message_reader.h"

namespace wstap::pipeline {

/// "FLOW:SEQ"; of a message that is held as one, its last frame's.
struct HeldId {
  FlowId flow = 0;
  Sequence sequence = 0;
  auto operator<=>(const HeldId&) const = default;
};
std::string to_text(HeldId id);
/// @return none: it is not "FLOW:SEQ".
std::optional<HeldId> held_id_of(std::string_view text);

/// A frame, or a message that is judged as one. Immutable, shared by the flow and whoever shows it.
struct HeldItem {
  HeldId id;
  ws::Direction direction = ws::Direction::send;
  std::string upgrade_url;
  ws::FrameHeader header;   ///< of the frame, as it came
  std::uint8_t opcode = 0;  ///< the frame's, or its message's where that is held as one
  Sequence first = 0;       ///< of the frames that are held as one; mostly its own
  bool compressed = false;  ///< permessage-deflate: `payload` is inflated
  ws::Inflation inflation =
      ws::Inflation::none;  ///< how far; if it could not be, `payload` is as on the wire
  bool whole = true;        ///< `payload` is all that will leave or not; false: as far as the message came
  Buffer payload;           ///< what it says, unmasked
  Buffer raw;               ///< the frame's bytes as on the wire
  std::vector<std::string> rules;  ///< ids of those that hold it
  std::vector<std::string> tags;
  UnixNs since_ns = 0;
  UnixNs expires_ns = std::numeric_limits<UnixNs>::max();  ///< so, until it is shown
  OnTimeout on_timeout = OnTimeout::release;
};
using HeldItemPtr = std::shared_ptr<const HeldItem>;

/// What somebody decides about an item.
struct Review {
  enum class Action : std::uint8_t { release, drop, modify, send_raw };
  HeldId id;
  Action action = Action::release;
  std::string by;  ///< who; becomes part of causes: "reviewer:NAME"

  // Of modify: what is not given stays as it was.
  std::optional<Buffer> body;
  std::optional<std::uint8_t> opcode;
  std::optional<bool> fin;
  std::optional<std::uint16_t> close_code;
  std::optional<std::string> close_reason;
  /// Of send_raw: what leaves in its place, byte for byte.
  Buffer raw;
};
/// As JSON and captures call them: "release", "drop", "modify_and_forward", "send_raw".
std::string_view name(Review::Action action) noexcept;

/// A frame that somebody puts among those of a flow.
struct InjectRequest {
  FlowId flow = 0;
  ws::Direction direction = ws::Direction::send;
  std::uint8_t opcode = 1;
  Buffer payload;               ///< unmasked, uncompressed
  std::optional<HeldId> after;  ///< behind this item; none: before whatever waits
  std::string by;
};

/// What came of a review, or of a wish to inject.
struct ReviewAnswer {
  enum class Result : std::uint8_t {
    ok,
    late,     ///< it is decided already, or unknown
    refused,  ///< it cannot be done, and still waits
  };
  Result result = Result::ok;
  std::string by;      ///< of late: who was first: a reviewer's name, "timeout", "gone"
  std::string reason;  ///< of late and refused
};
std::string_view name(ReviewAnswer::Result result) noexcept;

// Who settled an item, when no reviewer did.
inline constexpr const char* kByTimeout = "timeout";
inline constexpr const char* kByEnd = "gone";                 ///< the flow ended
inline constexpr const char* kByMessage = "message_dropped";  ///< what came of its message before was dropped
inline constexpr const char* kByShutdown = "shutdown";

/// An item waits no longer.
struct Settled {
  HeldId id;
  std::string how;  ///< "release", "drop", "modify_and_forward", "send_raw"
  std::string by;   ///< a reviewer's name, or one of the above
};

/// Told of items as they come and go, by the thread on which that happens: it returns at once, and calls
/// nothing of whoever tells it.
class HoldWatcher {
 public:
  virtual ~HoldWatcher() = default;
  virtual void held(const HeldItemPtr& item) = 0;
  virtual void settled(const Settled& settled) = 0;
};

/// An open flow.
struct FlowSummary {
  FlowId id = 0;
  std::string url, client, server;
  UnixNs since_ns = 0;
  std::array<std::uint64_t, 2> frames{}, bytes{};  ///< by ws::index
  std::uint64_t held = 0;                          ///< items that wait for a decision
  std::uint64_t waiting = 0;                       ///< frames that wait, those among them
};

struct HoldStats {
  std::uint64_t held_now = 0, waiting_frames = 0, waiting_bytes = 0;
  std::uint64_t held = 0, released = 0, dropped = 0, modified = 0, timed_out = 0;
  std::uint64_t turned_away = 0;  ///< matched, and passed or were dropped because the queue was full
};

}  // namespace wstap::pipeline

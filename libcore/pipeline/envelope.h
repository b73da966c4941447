// SPDX-License-Identifier: Apache-2.0
// One frame on its way through: identity, provenance, verbatim bytes and structure. What steps judge, and
// what a recording yields again when it is read.
#pragma once

#include <algorithm>

#include "libcore/pipeline/burst.h"
#include "libcore/ws/frame_reader.h"
#include "libcore/ws/message_reader.h"

namespace wstap::pipeline {

/// What the payload beside a frame is.
enum class Says : std::uint8_t {
  frame,           ///< its own
  message,         ///< all of its message, of which it is the last frame
  message_so_far,  ///< ... as far as it came: a message that is judged whole cannot wait for its rest
  rest,            ///< what the frame adds to a message that was judged so
};

/// How causes of frames begin that are held; ids of rules follow.
inline constexpr std::string_view kHeldBy = "hold:";

struct Envelope {
  FlowId flow = 0;
  Sequence sequence = 0;
  UnixNs time_ns = 0;
  ws::Direction direction = ws::Direction::send;
  ws::Frame frame;           ///< header and raw; views bytes that belong to whoever made the envelope
  ws::Placement placement;   ///< the frame's message, and anomalies its header shows
  ws::AnomalySet anomalies;  ///< all that are known: of the header, and of the payload once it was looked at
  ws::Inflation inflation = ws::Inflation::none;  ///< how far the payload beside it could be inflated

  bool extended = false;  ///< an extension that nobody here knows gives data its meaning

  Says says = Says::frame;
  /// Of a rest: the last 4 KiB of what was judged before it. Views what whoever made the envelope keeps.
  Bytes judged_before{};
  /// The payload beside it is of the message as one, not of the frame.
  bool of_message() const noexcept { return says == Says::message || says == Says::message_so_far; }

  /// The payload beside it is the beginning of one of so many bytes: the rest was not recorded. 0: it is all
  /// of it.
  std::uint64_t cut_from = 0;
  /// How long it is in all. @param payload  what is beside this.
  std::uint64_t content_bytes(Bytes payload) const noexcept {
    return cut_from != 0 ? cut_from : payload.size();
  }

  /// The payload beside it is what the peer said, and not what a compressor made of that.
  bool says_content() const noexcept { return !placement.compressed || inflation == ws::Inflation::done; }
  Verdict verdict = Verdict::forwarded;
  /// ... and text. What wstap made itself is in no message of a peer.
  bool says_text() const noexcept {
    if (made_here(verdict)) return frame.header.opcode == ws::kText;
    return placement.message_opcode == ws::kText && says_content();
  }
  std::string cause;
  std::optional<Buffer> sent;  ///< set when what left differs (Mark::sent)
  HoldFacts held;
  std::vector<std::string> tags;
  std::vector<std::string> logged;  ///< see Mark
  bool withheld = false;            ///< see Mark: the payload beside it is empty
  std::vector<std::string> redacted;

  /// Whether it is held, by what the record of its coming says.
  void note_hold() {
    held = {};
    if (verdict == Verdict::pending && cause.starts_with(kHeldBy)) held.by = cause.substr(kHeldBy.size());
  }
  /// A safety rule decided: it was blocked, or cut off.
  bool by_safety() const noexcept { return cause.starts_with("safety:"); }

  /// The id of the rule that decided, or that logged it; empty: none.
  std::string_view rule() const noexcept {
    for (const std::string_view kind : {"rule:", "macro:", "safety:"})
      if (cause.starts_with(kind)) return std::string_view(cause).substr(kind.size());
    return logged.empty() ? std::string_view() : logged.front();
  }
};

/// Adds tags, or ids of rules, to others, each once.
inline void add_each_once(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const auto& each : from)
    if (std::ranges::find(to, each) == to.end()) to.push_back(each);
}

}  // namespace wstap::pipeline

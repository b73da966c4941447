// SPDX-License-Identifier: Apache-2.0
// What frames and messages say, compressed or not: the structured view of RFC 6455 5.4 and RFC 7692 6.2. Live
// and from recordings alike.
#pragma once

#include <string_view>

#include "libcore/ws/deflate_parameters.h"
#include "libcore/ws/inflater.h"
#include "libcore/ws/payload_checker.h"

namespace wstap::ws {

/// How far the payload of a compressed message could be read.
enum class Inflation : std::uint8_t {
  none,     ///< not compressed, or not the last frame of its message
  done,     ///< the payload is the whole message, inflated
  limited,  ///< over a bound: the payload is as on the wire
  opaque,   ///< corrupt, or behind something that was, or not to be inflated: the payload is as on the wire
  needs_part,  ///< refers to what an earlier part of the recording has
};
/// As listings mark it; empty where there is nothing to mark.
constexpr std::string_view name(Inflation inflation) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"", "", "inflate_limited", "opaque", "needs_part"};
  return kNames[static_cast<std::size_t>(inflation)];
}

/// The payload is nobody's to read: it is given as on the wire.
constexpr bool is_unread(Inflation inflation) noexcept {
  return inflation != Inflation::none && inflation != Inflation::done;
}

/// What is to be made of compressed messages.
enum class Inflating : std::uint8_t {
  on,
  as_bytes,  ///< they are shown as the bytes they are (`--deflate off`)
  never,     ///< they are opaque (`--inflate never`)
};

/// A part of what a compressed message inflates to.
struct InflatedPart {
  Bytes bytes;
  std::size_t offset = 0;  ///< of them in the message
};

/// One frame, read. Views are valid until the next call.
struct FrameReading {
  Bytes payload;  ///< a compressed message's last frame: all of the message, inflated; else the frame's own
  Inflation inflation = Inflation::none;
  /// Of a compressed frame's message as far as it came; `limited` and `lost` are known before its last frame.
  InflateState state = InflateState::ok;
  bool corrupt = false;  ///< lost because it does not inflate
  AnomalySet anomalies;  ///< of the payload; of a compressed message on its last frame
};

/// One direction of one flow.
class MessageReader {
 public:
  MessageReader(DeflateParameters parameters, InflateLimits limits, Inflating inflating = Inflating::on)
      : inflating_(inflating),
        takeover_(parameters.context_takeover),
        inflater_(parameters.context_takeover, limits) {}

  /// To be called for every frame of the direction, in order, with what MessageTracker said of it.
  /// @param payload  the whole payload, unmasked.
  /// @param beyond  takes what is over a bound; what message() has comes before it.
  FrameReading read(const FrameHeader& header, const Placement& placed, Bytes payload,
                    const Inflater::Beyond& beyond = {});
  /// A payload that is not there (not recorded, or not whole): its message is not read.
  void skip(const Placement& placed);

  /// The compressed message that is open, or was last, inflated as far as it came and bounds let it. One
  /// that cannot be read whole is not kept beyond trim().
  const Buffer& message() const noexcept { return message_; }
  /// Bytes of memory in which a message waits for its rest.
  std::uint64_t held() const noexcept { return open_ ? message_.capacity() : 0; }
  /// From now on messages wait in no more memory than that: one that would is over a bound (LIM-4). A message
  /// whose last frame came does not wait.
  void may_hold(std::uint64_t bytes) noexcept { room_ = bytes; }
  /// Gives back what a large message took that is over, or one that is not to be read. Views are not valid
  /// any more.
  void trim();

  /// What came before this was not read: with takeover, nothing is readable until resume().
  /// @param in_compressed_message  ... of which the rest is passed over.
  /// @param why  what is then said of messages: needs_part, opaque.
  void begin_in_the_middle(bool in_compressed_message, Inflation why);
  /// Frames are missing before this: text is not judged until the next message begins.
  /// @param unread  none: nothing that compressed messages refer to is missing; else as
  /// begin_in_the_middle().
  void pass_gap(bool in_compressed_message, Inflation unread);
  /// What a reader of what follows needs: with takeover, between messages, and while it can be read here.
  bool has_window() const noexcept {
    return inflating_ == Inflating::on && takeover_ && !open_ && !inflater_.lost();
  }
  Buffer window() const { return inflater_.window(); }
  void resume(Bytes window);

 private:
  void interrupt();
  FrameReading read_compressed(const Placement& placed, Bytes payload, const Inflater::Beyond& beyond);

  Inflating inflating_;
  bool takeover_;
  bool open_ = false;  ///< a compressed message is
  bool cut_ = false;   ///< ... or was last, and cannot be read whole
  Inflation why_lost_ = Inflation::opaque;
  std::uint64_t room_ = Inflater::kAnyRoom;  ///< for a message that waits
  PayloadChecker checker_;
  Inflater inflater_;
  Buffer message_;
};

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// Keeps the incomplete frame between two reads, so that an idle flow holds no read buffer.
#pragma once

#include "libcore/base/bytes.h"

namespace wstap::ws {

/// One direction's unread bytes. Reads go into a buffer the caller lends (a worker's, shared by many flows);
/// only when one frame is larger than that do they go into memory of the inbox's own, which grows with what
/// arrived, never with what a header announces: it is at most twice the bytes kept (LIM-4).
class Inbox {
 public:
  /// Where to read next: behind the bytes kept so far. Never empty.
  /// @param lent  at least 16 bytes; its content is overwritten. The returned space is part of it, or of own
  /// memory.
  MutableBytes space(MutableBytes lent);

  /// `read` bytes were put at the start of the last space().
  /// @return all unread bytes; valid, and writable, until the next call of any member.
  MutableBytes received(std::size_t read);

  /// Ends the turn: keeps `rest`, which must be the end of what received() returned.
  /// @param wanted  how long the first incomplete frame will be, as far as known (FrameReader::wanted).
  void keep(Bytes rest, std::uint64_t wanted);

  /// Bytes kept between reads.
  Bytes kept() const noexcept { return Bytes(own_).first(kept_); }
  /// Memory held between reads, in bytes.
  std::size_t held() const noexcept { return own_.capacity(); }

 private:
  void grow();

  Buffer own_;  ///< the kept bytes, and room behind them when a large frame is being collected
  std::size_t kept_ = 0;
  std::uint64_t wanted_ = 0;
  MutableBytes window_;  ///< of the current turn: kept bytes, then space
  bool window_is_own_ = false;
};

}  // namespace wstap::ws

// SPDX-License-Identifier: Apache-2.0
// What the frames of one direction are judged by: what they say themselves, what their message says, or what
// of it has come when it could not wait (SAFE-2, FIL-2, Envelope::says). Sans-I/O.
#pragma once

#include "libcore/pipeline/envelope.h"

namespace wstap::pipeline {

/// So much of what was judged of a message is looked at again with what follows: a match that is longer may
/// be missed where it lies across a border.
Bytes end_of_judged(Bytes judged) noexcept;

class JudgedContent {
 public:
  /// @param whole  the message is judged as one: as far as it came where it cannot wait.
  /// @param first  its first frame.
  void begin_message(bool whole, const Envelope& first) noexcept;
  /// Steps came that judge messages whole, and have not seen the beginning of the open one.
  /// @param too_late  also where others judge it whole: some of it has left, and these may alter it.
  void begin_in_the_middle(bool too_late);
  /// Nothing more of the open message is judged.
  void drop_rest() noexcept { open_ = false; }

  /// Says in the envelope what a frame is judged by. @param inflated  its message so far, where that is
  /// compressed. @param leaves  the message cannot wait any longer.
  /// @return it; valid until the next call.
  Bytes take(Envelope& envelope, const ws::FrameReading& reading, Bytes inflated, bool compressed,
             bool leaves);
  /// The same of a frame that waits, and will no longer. @param interrupted  by another message.
  Bytes take_so_far(Envelope& waiting, Bytes inflated, bool compressed, bool interrupted);
  /// The open message does not wait any more, or is over: what it says need not be kept, but for the end of
  /// it where more may come.
  void let_go();

  bool judges_whole() const noexcept { return whole_; }
  /// Some of a message has come and was not judged with the rest, which has not.
  bool is_undecided() const noexcept { return open_ && !rest_; }
  /// Bytes of memory in which it keeps what a message says.
  std::uint64_t held() const noexcept { return joined_.capacity() + next_.capacity(); }

 private:
  Bytes content_of(Envelope& envelope, const ws::FrameReading& reading, Bytes inflated, bool compressed,
                   bool leaves);
  Bytes rest_of(Envelope& envelope, const ws::FrameReading& reading, Bytes inflated, bool compressed);

  bool open_ = false;    ///< fragments of a message came, and not its last
  bool inside_ = false;  ///< it began inside another
  bool whole_ = false;   ///< it is judged whole, and was not yet
  /// What it says so far, or the end of what was judged; where it is not compressed.
  Buffer joined_;
  Buffer next_;             ///< what `joined_` is with the next frame; empty: the same
  bool rest_ = false;       ///< it was judged as far as it had come
  std::size_t judged_ = 0;  ///< ... so much of it, where it is compressed
};

}  // namespace wstap::pipeline

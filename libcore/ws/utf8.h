// SPDX-License-Identifier: Apache-2.0
// UTF-8 validation over pieces (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF), for text
// messages (RFC 6455 section 8.1) and close reasons.
#pragma once

#include "libcore/base/bytes.h"

namespace wstap::ws {

class Utf8Validator {
 public:
  /// Reads the next piece. @return false from the first byte on that cannot be UTF-8; stays false.
  bool feed(Bytes piece) noexcept;
  /// Valid so far, and not inside a character.
  bool complete() const noexcept { return state_ == kStart; }
  void reset() noexcept { state_ = kStart; }

 private:
  // States of the automaton in utf8.cpp: how many continuation bytes are due, and which range the next one
  // must be in.
  enum State : std::uint8_t { kStart, kOne, kTwo, kThree, kAfterE0, kAfterEd, kAfterF0, kAfterF4, kBad };
  static State next(State state, unsigned char byte) noexcept;

  State state_ = kStart;
};

/// All of `text` is well-formed UTF-8.
bool is_utf8(Bytes text) noexcept;

/// Where to cut a text, so that no more than `limit` bytes are left of it and no character is split.
/// @return at least limit - 3, and `limit` where the text is not UTF-8 there.
std::size_t whole_characters(Bytes text, std::size_t limit) noexcept;

}  // namespace wstap::ws

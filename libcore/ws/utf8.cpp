// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/utf8.h"

#include <cstring>

#include "libcore/base/utf8.h"

namespace wstap::ws {
namespace {

constexpr bool within(unsigned char byte, unsigned low, unsigned high) noexcept {
  return byte >= low && byte <= high;
}

/// How many of the first bytes are ASCII, in steps of eight.
std::size_t ascii_prefix(Bytes text) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  return at;
}

}  // namespace

// The table of RFC 3629 section 4, as an automaton.
Utf8Validator::State Utf8Validator::next(State state, unsigned char byte) noexcept {
  switch (state) {
    case kStart:
      if (byte < 0x80) return kStart;
      if (within(byte, 0xc2, 0xdf)) return kOne;
      if (byte == 0xe0) return kAfterE0;
      if (byte == 0xed) return kAfterEd;
      if (within(byte, 0xe1, 0xef)) return kTwo;
      if (byte == 0xf0) return kAfterF0;
      if (byte == 0xf4) return kAfterF4;
      return within(byte, 0xf1, 0xf3) ? kThree : kBad;
    case kOne: return within(byte, 0x80, 0xbf) ? kStart : kBad;
    case kTwo: return within(byte, 0x80, 0xbf) ? kOne : kBad;
    case kThree: return within(byte, 0x80, 0xbf) ? kTwo : kBad;
    case kAfterE0: return within(byte, 0xa0, 0xbf) ? kOne : kBad;
    case kAfterEd: return within(byte, 0x80, 0x9f) ? kOne : kBad;
    case kAfterF0: return within(byte, 0x90, 0xbf) ? kTwo : kBad;
    case kAfterF4: return within(byte, 0x80, 0x8f) ? kTwo : kBad;
    case kBad: break;
  }
  return kBad;
}

bool Utf8Validator::feed(Bytes piece) noexcept {
  std::size_t at = 0;
  while (at < piece.size() && state_ != kBad) {
    if (state_ == kStart) {
      at += ascii_prefix(piece.subspan(at));
      if (at == piece.size()) break;
    }
    state_ = next(state_, static_cast<unsigned char>(piece[at++]));
  }
  return state_ != kBad;
}

bool is_utf8(Bytes text) noexcept {
  Utf8Validator validator;
  return validator.feed(text) && validator.complete();
}

std::size_t whole_characters(Bytes text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text.size();
  const auto continues = [text](std::size_t at) { return continues_character(text[at]); };
  constexpr std::size_t kMostContinuations = 3;
  std::size_t end = limit;
  while (end > 0 && limit - end < kMostContinuations && continues(end)) --end;
  return continues(end) ? limit : end;
}

}  // namespace wstap::ws

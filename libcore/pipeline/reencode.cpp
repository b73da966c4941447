// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/reencode.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "libcore/ws/frame_writer.h"

namespace wstap::pipeline {

using ws::Frame;

namespace {

/// Fresh mask keys, drawn some at a time.
class MaskKeys {
 public:
  explicit MaskKeys(Entropy& entropy) noexcept : entropy_(entropy) {}
  /// @param wanted  how many will be asked for at most, this one included.
  ws::MaskKey next(std::size_t wanted) {
    if (used_ == drawn_) {
      drawn_ = std::min(wanted, keys_.size());
      entropy_.fill(std::as_writable_bytes(std::span(keys_).first(drawn_)));
      used_ = 0;
    }
    return keys_[used_++];
  }

 private:
  Entropy& entropy_;
  std::array<ws::MaskKey, 64> keys_;
  std::size_t used_ = 0, drawn_ = 0;
};

/// Writes what leaves to `to`, which may be the start of the frames themselves. @return the bytes written.
std::size_t write_frames(const Turn& turn, bool masks, const ws::Negotiated& negotiated, bool verbatim,
                         Entropy& entropy, std::byte* to) {
  const std::byte* const start = to;
  MaskKeys keys(entropy);
  auto mark = turn.scratch.marks.begin();
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < turn.frames(); ++i) {
    const std::uint32_t end = turn.scratch.ends[i];
    const Bytes raw = turn.unread.subspan(begin, end - begin);
    begin = end;
    if (mark != turn.scratch.marks.end() && mark->frame == i) {
      const Mark& marked = *mark++;
      if (!marked.sent) continue;  // it does not leave
      std::memcpy(to, marked.sent->data(), marked.sent->size());
      to += marked.sent->size();
    } else if (verbatim) {
      std::memmove(to, raw.data(), raw.size());
      to += raw.size();
    } else if (masks && ws::is_short_masked(raw)) {  // RSV bits that may not stay made a mark
      to += ws::remask_short(raw, keys.next(turn.frames() - i), to);
    } else {
      Frame frame{{}, raw};
      decode_header(raw, frame.header);
      to += ws::rewrite_frame(frame, negotiated.rsv_towards_peer(frame.header),
                              masks ? std::optional(keys.next(turn.frames() - i)) : std::nullopt, to);
    }
  }
  return static_cast<std::size_t>(to - start);
}

}  // namespace

Bytes reencode(Turn& turn, ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim,
               Entropy& entropy) {
  const bool masks = direction == ws::Direction::send;
  const bool remask = masks && !verbatim;
  if (!remask && !turn.rewrites) return turn.unread.first(turn.result.used);
  std::byte* to = turn.unread.data();
  if (turn.grows) {
    std::size_t room = turn.result.used + turn.frames() * std::size_t{4};
    for (const auto& mark : turn.scratch.marks) room += mark.sent ? mark.sent->size() : 0;
    if (turn.scratch.out.size() < room) turn.scratch.out.resize(room);
    to = turn.scratch.out.data();
  }
  return {to, write_frames(turn, masks, negotiated, verbatim, entropy, to)};
}

}  // namespace wstap::pipeline

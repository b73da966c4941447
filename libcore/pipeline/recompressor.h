// SPDX-License-Identifier: Apache-2.0
// The compressor of a direction in which a compressed message was altered (DEF-4): what leaves must be
// readable for a peer that never saw what the sender compressed.
#pragma once

#include <optional>

#include "libcore/ws/deflate_parameters.h"
#include "libcore/ws/deflater.h"
#include "libcore/ws/message_reader.h"

namespace wstap::pipeline {

class Recompressor {
 public:
  explicit Recompressor(ws::DeflateParameters parameters) : parameters_(parameters) {}

  /// A compressed message leaves altered, or not at all: with takeover every later one must be written anew.
  void altered() noexcept { active_ = parameters_.context_takeover; }
  bool active() const noexcept { return active_; }

  /// The next message, whole.
  Buffer message(Bytes content);

  /// A message that is too large to be kept: its content, as it comes.
  /// @param inflated  what was kept of the message so far, or what of it is new, or nothing any more;
  /// @param beyond  what follows; @param room  bytes that can leave together.
  void stream(ws::InflatedPart inflated, Bytes beyond, std::uint64_t room);
  /// All that was streamed and not taken yet.
  Buffer take_streamed(bool last);
  /// There was no room for what was streamed, and not all of it is there.
  bool overflowed() const noexcept { return overflowed_; }
  /// What was streamed of the open message does not leave, and nor will its rest.
  void drop_streamed();
  /// The open message gets no end.
  void leave_unfinished() noexcept { streaming_ = false; }

 private:
  ws::Deflater& deflater();
  void feed(Bytes content, std::uint64_t room);

  ws::DeflateParameters parameters_;
  bool active_ = false;
  std::optional<ws::Deflater> deflater_;
  bool streaming_ = false, overflowed_ = false;
  std::size_t fed_ = 0;  ///< bytes of what was kept of the message that is streamed
  Buffer streamed_;
};

}  // namespace wstap::pipeline

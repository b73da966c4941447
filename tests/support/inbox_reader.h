// SPDX-License-Identifier: Apache-2.0
// Reads frames the way a relay does: bytes arrive in pieces, into a buffer that other flows use in between.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "libcore/ws/frame_reader.h"
#include "libcore/ws/inbox.h"

namespace wstap::test {

class InboxReader {
 public:
  InboxReader(std::uint64_t max_payload_bytes, std::size_t lent_bytes)
      : lent_(lent_bytes), reader_(max_payload_bytes) {}

  /// `piece` arrives. Takes as many turns as it needs to read all of it; after an error nothing is read.
  void feed(Bytes piece) {
    while (!piece.empty() && !error_) piece = piece.subspan(turn(piece));
  }

  const std::vector<Buffer>& frames() const { return frames_; }
  const std::optional<Error>& error() const { return error_; }
  const ws::Inbox& inbox() const { return inbox_; }
  std::uint64_t offset() const { return reader_.offset(); }

 private:
  /// One read. @return how much of `piece` it took.
  std::size_t turn(Bytes piece) {
    std::fill(lent_.begin(), lent_.end(), std::byte{0xee});
    const MutableBytes space = inbox_.space(lent_);
    const std::size_t read = std::min(space.size(), piece.size());
    std::copy_n(piece.begin(), read, space.begin());

    Bytes unread = inbox_.received(read);
    ws::Frame frame;
    auto step = reader_.next(unread, frame);
    for (; step == ws::FrameReader::Step::frame; step = reader_.next(unread, frame))
      frames_.push_back(to_buffer(frame.raw));
    if (step == ws::FrameReader::Step::error) error_ = reader_.error();
    inbox_.keep(unread, reader_.wanted());
    return read;
  }

  Buffer lent_;
  ws::FrameReader reader_;
  ws::Inbox inbox_;
  std::vector<Buffer> frames_;
  std::optional<Error> error_;
};

}  // namespace wstap::test

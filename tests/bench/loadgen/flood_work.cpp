// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/bench/loadgen/work.h"

namespace wstap::bench {
namespace {

// System calls an end may make before the others have their turn.
constexpr int kReadsAtOnce = 4;
constexpr int kWritesAtOnce = 4;
constexpr int kFrameWritesAtOnce = 32;

}  // namespace

FloodWork::FloodWork(const Block& sent, const Block& received, FloodOrder order, MutableBytes room,
                     unsigned& unfinished)
    : block_(sent),
      checker_(received, order.check),
      order_(order),
      to_send_(order.frames * sent.frame_bytes()),
      to_receive_(order.expected * received.frame_bytes()),
      room_(room),
      unfinished_(unfinished) {}

void FloodWork::go(Stream& stream) {
  receive(stream);
  send(stream);
  if (sent_ < to_send_ || checker_.bytes() < to_receive_ || std::exchange(finished_, true)) return;
  --unfinished_;
}

void FloodWork::receive(Stream& stream) {
  for (int i = 0; i < kReadsAtOnce; ++i) {
    std::size_t got = 0;
    if (order_.check == Check::count) {
      checker_.count(got = stream.discard(room_.size()));
    } else {
      checker_.feed(room_.first(got = stream.read(room_)));
    }
    if (checker_.bytes() > to_receive_) throw std::runtime_error("more came than was sent");
    if (stream.ended()) throw std::runtime_error("the connection ended in the middle of a flood");
    if (got == 0) return;
  }
}

void FloodWork::send(Stream& stream) {
  const int most = order_.per_write == 0 ? kWritesAtOnce : kFrameWritesAtOnce;
  for (int i = 0; i < most && sent_ < to_send_; ++i) {
    const Bytes piece = next_piece();
    const std::size_t put = stream.write(piece);
    sent_ += put;
    if (put < piece.size()) return;
  }
}

Bytes FloodWork::next_piece() const {
  const std::uint64_t offset = sent_ % block_.wire().size();
  std::uint64_t length = std::min(block_.wire().size() - offset, to_send_ - sent_);
  if (order_.per_write != 0) {
    const std::uint64_t group = order_.per_write * block_.frame_bytes();
    length = std::min(length, group - sent_ % group);
  }
  return block_.wire().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
}

}  // namespace wstap::bench

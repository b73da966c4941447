// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/send_queue.h"

#include <algorithm>

namespace wstap::h2 {
namespace {

/// Room that an empty queue keeps: messages are mostly short, and would ask for it again and again.
constexpr std::size_t kKept = 4096;

}  // namespace

std::size_t SendQueue::add(Bytes bytes) {
  const std::size_t room = most_ - std::min(most_, size());
  bytes = bytes.first(std::min(room, bytes.size()));
  // What was taken is given up when it is the larger part, so that every byte is moved about once.
  if (taken_ > size()) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  append(bytes_, bytes);
  return bytes.size();
}

void SendQueue::drop_first(std::size_t count) {
  taken_ += count;
  if (empty()) clear();
}

void SendQueue::clear() noexcept {
  if (bytes_.capacity() > kKept) bytes_ = Buffer();
  bytes_.clear();
  taken_ = 0;
}

}  // namespace wstap::h2

// SPDX-License-Identifier: Apache-2.0
// What a stream is still to send. Bounded; holds no memory to speak of while it is empty.
#pragma once

#include "libcore/base/bytes.h"

namespace wstap::h2 {

class SendQueue {
 public:
  explicit SendQueue(std::size_t most_bytes) noexcept : most_(most_bytes) {}

  /// @return how many of `bytes` there was room for.
  std::size_t add(Bytes bytes);
  /// The first `count` bytes, which must be there; valid until the next call.
  Bytes first(std::size_t count) const noexcept { return Bytes(bytes_).subspan(taken_, count); }
  void drop_first(std::size_t count);
  void clear() noexcept;

  std::size_t size() const noexcept { return bytes_.size() - taken_; }
  bool empty() const noexcept { return size() == 0; }

 private:
  std::size_t most_;
  Buffer bytes_;
  std::size_t taken_ = 0;  ///< of `bytes_`, from the front
};

}  // namespace wstap::h2

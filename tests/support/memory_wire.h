// SPDX-License-Identifier: Apache-2.0
// Two ends of a byte stream in memory for tls::Channel: with as little room as a test wants, with would_block
// in between, with an end or a fault.
#pragma once

#include <algorithm>

#include "libcore/tls/channel.h"

namespace wstap::test {

/// One direction of the stream: what was sent and not received yet.
struct Tube {
  Buffer bytes{};
  std::size_t capacity = SIZE_MAX;       ///< how many bytes may wait
  std::size_t most_received = SIZE_MAX;  ///< one receive gives at most so many
  bool stutters = false;                 ///< every other call says would_block first
  bool ended = false;                    ///< behind `bytes` comes the end
  bool broken = false;                   ///< both ends get `failed`
  std::uint64_t sent = 0;                ///< bytes in all
};

class MemoryWire final : public tls::Wire {
 public:
  MemoryWire(Tube& in, Tube& out) : in_(in), out_(out) {}

  Io receive(MutableBytes room) override {
    if (in_.broken) return {Status::failed, 0};
    if (in_.stutters && (hold_receive_ = !hold_receive_)) return {Status::would_block, 0};
    if (in_.bytes.empty()) return {in_.ended ? Status::eof : Status::would_block, 0};
    const auto take = std::min({room.size(), in_.bytes.size(), in_.most_received});
    std::copy_n(in_.bytes.begin(), take, room.begin());
    in_.bytes.erase(in_.bytes.begin(), in_.bytes.begin() + static_cast<std::ptrdiff_t>(take));
    return {Status::ok, take};
  }

  Io send(Bytes bytes) override {
    if (out_.broken) return {Status::failed, 0};
    if (out_.stutters && (hold_send_ = !hold_send_)) return {Status::would_block, 0};
    const auto take = std::min(bytes.size(), out_.capacity - std::min(out_.capacity, out_.bytes.size()));
    append(out_.bytes, bytes.first(take));
    out_.sent += take;
    return {take == 0 && !bytes.empty() ? Status::would_block : Status::ok, take};
  }

 private:
  Tube& in_;
  Tube& out_;
  bool hold_receive_ = false, hold_send_ = false;
};

}  // namespace wstap::test

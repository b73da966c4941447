// SPDX-License-Identifier: Apache-2.0
// The reading end of permessage-deflate (RFC 7692 7.2.2), as a peer would have it: zlib, used plainly, with a
// window no larger than was agreed.
#pragma once

#include <zlib.h>

#include <array>
#include <stdexcept>

#include "libcore/base/bytes.h"

namespace wstap::test {

class InflatingPeer {
 public:
  explicit InflatingPeer(bool takeover = true, int window_bits = 15) : takeover_(takeover) {
    if (inflateInit2(&stream_, -window_bits) != Z_OK) throw std::runtime_error("inflateInit2");
  }
  ~InflatingPeer() { inflateEnd(&stream_); }
  InflatingPeer(const InflatingPeer&) = delete;
  InflatingPeer& operator=(const InflatingPeer&) = delete;

  /// What a message of these payload bytes says. Throws where it cannot be read.
  Buffer message(Bytes payload) {
    Buffer input = to_buffer(payload);
    for (const int tail : {0x00, 0x00, 0xff, 0xff}) input.push_back(static_cast<std::byte>(tail));
    Buffer out;
    std::array<std::byte, 4096> room;
    stream_.next_in = static_cast<Bytef*>(static_cast<void*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    do {
      stream_.next_out = static_cast<Bytef*>(static_cast<void*>(room.data()));
      stream_.avail_out = static_cast<uInt>(room.size());
      const int result = inflate(&stream_, Z_SYNC_FLUSH);
      if (result != Z_OK && result != Z_BUF_ERROR) throw std::runtime_error("inflate");
      append(out, Bytes(room).first(room.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);
    if (stream_.avail_in != 0) throw std::runtime_error("inflate: bytes left over");
    if (!takeover_) inflateReset(&stream_);
    return out;
  }

 private:
  bool takeover_;
  z_stream stream_{};
};

}  // namespace wstap::test

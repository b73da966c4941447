// SPDX-License-Identifier: Apache-2.0
// The compressing end of permessage-deflate (RFC 7692 7.2.1), as a peer would have it: zlib, used plainly.
#pragma once

#include <zlib.h>

#include <stdexcept>

#include "libcore/base/bytes.h"

namespace wstap::test {

struct DeflateStyle {
  bool takeover = true;
  int window_bits = 15;  ///< 9..15
  int level = 6;
  int strategy = Z_DEFAULT_STRATEGY;
};

class DeflatingPeer {
 public:
  explicit DeflatingPeer(DeflateStyle style = {}) : style_(style) {
    if (deflateInit2(&stream_, style.level, Z_DEFLATED, -style.window_bits, 8, style.strategy) != Z_OK)
      throw std::runtime_error("deflateInit2");
  }
  ~DeflatingPeer() { deflateEnd(&stream_); }
  DeflatingPeer(const DeflatingPeer&) = delete;
  DeflatingPeer& operator=(const DeflatingPeer&) = delete;

  /// The payload of a message of one frame.
  Buffer message(Bytes data) {
    if (data.empty()) return {std::byte{0}};  // zlib has nothing to flush
    Buffer out = flushed(data, Z_SYNC_FLUSH);
    out.resize(out.size() - 4);  // 00 00 ff ff
    if (!style_.takeover) deflateReset(&stream_);
    return out;
  }
  /// What `data` adds to the stream, ended by `flush`.
  Buffer flushed(Bytes data, int flush) {
    Buffer out(deflateBound(&stream_, data.size()) + 64);
    stream_.next_in = static_cast<Bytef*>(const_cast<void*>(static_cast<const void*>(data.data())));
    stream_.avail_in = static_cast<uInt>(data.size());
    stream_.next_out = static_cast<Bytef*>(static_cast<void*>(out.data()));
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream_, flush);
    if ((result != Z_OK && result != Z_STREAM_END) || stream_.avail_in != 0)
      throw std::runtime_error("deflate");
    out.resize(out.size() - stream_.avail_out);
    if (flush == Z_FINISH) deflateReset(&stream_);
    return out;
  }

 private:
  DeflateStyle style_;
  z_stream stream_{};
};

}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection with one stream, a WebSocket's (RFC 8441): bytes of the connection on one side, those
// of the stream on the other. Over nghttp2 itself, for the reason that frames.h gives.
#pragma once

#include "tests/bench/loadgen/stream.h"

struct nghttp2_session;

namespace wstap::bench {

class Http2 {
 public:
  explicit Http2(Role role);
  ~Http2();
  Http2(const Http2&) = delete;
  Http2& operator=(const Http2&) = delete;

  void take(Bytes received);
  /// What is to be sent of the connection, and how much of it was.
  Bytes unsent();
  void sent(std::size_t bytes);

  /// The stream is open both ways.
  bool open() const noexcept { return open_; }
  std::size_t read(MutableBytes room);
  /// @return bytes that were taken.
  std::size_t write(Bytes bytes);
  bool ended() const noexcept { return ended_ && received_.size() == read_; }
  void end();

 private:
  struct Callbacks;

  Role role_;
  nghttp2_session* session_ = nullptr;
  std::int32_t stream_ = 0;
  Buffer output_, received_, given_;
  std::size_t output_sent_ = 0, read_ = 0, given_sent_ = 0;
  bool open_ = false, ended_ = false, ending_ = false;
};

}  // namespace wstap::bench

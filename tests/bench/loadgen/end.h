// SPDX-License-Identifier: Apache-2.0
// One end of a WebSocket: connects or accepts, upgrades, and then does what a measurement wants of it.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/loadgen/stream.h"

namespace wstap::bench {

/// What an open end does.
class Work {
 public:
  virtual ~Work() = default;
  /// The stream may have something to read, or room to write.
  virtual void go(Stream& stream) = 0;
  /// Wake when there is room to write.
  virtual bool wants_to_write() const { return false; }
};

class End final : public Waiter {
 public:
  /// @param tls  null: none. @param http2  of a client: over that.
  End(Loop& loop, Fd fd, Role role, const TlsSettings* tls, bool http2 = false);

  Role role() const noexcept { return role_; }
  Stream& stream() noexcept { return stream_; }
  bool open() const noexcept { return state_ == State::open; }
  /// The peer sent its last byte, and nothing is expected of this end any more.
  bool over() const noexcept { return state_ == State::over; }
  bool busy() const noexcept { return work_ != nullptr; }
  /// From now on, whenever the stream is ready. Whoever speaks first is told by start().
  void assign(std::unique_ptr<Work> work) { work_ = std::move(work); }
  void start() { work(); }
  void begin(std::unique_ptr<Work> work) {
    assign(std::move(work));
    start();
  }

  void ready() override;

 private:
  enum class State : std::uint8_t { connecting, upgrading, open, over };
  void connect();
  void upgrade();
  void say(std::string_view head);
  void work();
  void end();
  void want_to_write(bool wanted);

  Loop& loop_;
  Stream stream_;
  Role role_;
  State state_ = State::connecting;
  bool wakes_for_writing_ = true;
  std::string head_;  ///< what has come of the other's head
  std::unique_ptr<Work> work_;
};

}  // namespace wstap::bench

// SPDX-License-Identifier: Apache-2.0
// A transport with the bytes that were read from it and not used yet: what one layer leaves, the next one
// finds (UPG-3).
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "libcore/net/transport.h"

namespace wstap::net {

struct Stream {
  std::unique_ptr<Transport> io;
  Buffer unread;

  explicit operator bool() const noexcept { return io != nullptr; }
  void consume(std::size_t bytes) {
    unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
};

/// One read, behind stream.unread. Does not wait.
/// @param most  reads no more than this, nor more than 64 KiB.
IoStatus read_once(Stream& stream, std::size_t most);

/// Reads some more bytes behind stream.unread, waiting for them if need be.
/// @param most  reads no more than this at a time, nor more than 64 KiB.
/// @return ok; eof, truncated or failed when there is nothing more; failed as well when the transport was
/// cancelled.
asio::awaitable<IoStatus> fill(Stream& stream, std::size_t most = 16 * 1024);

/// Writes all of `bytes`, which stay valid until it returns. @return false when the peer is gone or was
/// cancelled.
asio::awaitable<bool> write_all(Transport& to, Bytes bytes);

/// Calls `seen` once, at once or later, when the peer has said something, which is then in stream.unread
/// (ok), or has ended (eof, truncated, failed). What TLS says on its own account does not count. Until then
/// nobody else reads; unwatch_readable() ends it.
void watch_speech(Stream& stream, std::function<void(IoStatus)> seen);

/// Ends a connection so that the peer can still read what was written last (RFC 9112 9.6): says that no more
/// comes, and throws away what the peer goes on sending, until it ends as well, falls silent, or takes too
/// long.
asio::awaitable<void> linger(Stream& stream);

/// Cancels a transport when the time is over, unless it is destroyed before. No time at all: never.
class Deadline {
 public:
  Deadline(const asio::any_io_executor& executor, Transport& transport, std::chrono::milliseconds patience);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  bool passed() const noexcept { return state_->passed; }

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    Transport* transport = nullptr;  ///< null once the deadline is gone
    bool passed = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace wstap::net

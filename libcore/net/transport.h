// SPDX-License-Identifier: Apache-2.0
// One byte stream to one peer: TCP, TLS over TCP, or a test's pipe. Reads and writes never wait; waiting is
// separate, so that a stream which is idle holds no buffer.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::net {

enum class IoStatus : std::uint8_t {
  ok,
  would_block,
  eof,        ///< the peer will send no more
  truncated,  ///< ... and did not say so: TLS ended without close_notify
  failed,     ///< reset, or a fault of TLS; see Transport::error
};

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;
};

/// Used by one thread. At most one reader and one writer at a time.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Waits until try_read may do something, or until cancel(). Data that is buffered inside does not count:
  /// read until would_block, or until fewer bytes came than there was room for, before waiting.
  virtual asio::awaitable<void> readable() = 0;
  virtual asio::awaitable<void> writable() = 0;

  /// One read from the kernel at most.
  virtual IoResult try_read(MutableBytes room) = 0;
  /// Hands as many of `bytes` to the kernel as it takes now.
  virtual IoResult try_write(Bytes bytes) = 0;
  /// Bytes a former try_write took and the kernel did not. While there are any, try_write takes nothing more.
  virtual std::size_t unsent() const noexcept = 0;

  /// Sends what is unsent as far as possible, then the end of this direction; reading goes on.
  virtual void shutdown_send() = 0;
  /// Ends at once, so that the peer sees a reset.
  virtual void reset() = 0;
  /// Wakes whoever waits, now and from now on.
  virtual void cancel() = 0;
  virtual bool cancelled() const noexcept = 0;
  /// Wakes whoever waits now; waits that begin later are not touched.
  virtual void interrupt() = 0;
  /// Calls `seen` once when there is something to read; an older watch is replaced. Not together with
  /// readable().
  virtual void watch_readable(std::function<void()> seen) = 0;
  virtual void unwatch_readable() = 0;
  /// Calls `seen` once when the peer resets the connection, without reading; an older watch is replaced.
  virtual void watch_reset(std::function<void()> seen) = 0;
  virtual void unwatch_reset() = 0;

  /// What `failed` meant.
  virtual Error error() const = 0;
  /// The peer's address, "127.0.0.1:443".
  virtual std::string peer() const = 0;
};

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// Loopback sockets and an event loop over epoll: as little as possible between the load and the kernel.
// Whatever goes wrong here ends the measurement, so it is an exception.
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace wstap::bench {

[[noreturn]] void throw_errno(const char* what);

/// A file descriptor that is closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// Listens on a free port of 127.0.0.1. @param[out] port  which one.
Fd listen_on_loopback(std::uint16_t& port);
/// The next connection that waits; an Fd of -1 when there is none.
Fd accept_from(const Fd& listener);
/// Begins to connect to a port of 127.0.0.1: writable once that is done.
Fd connect_to(std::uint16_t port);

/// Something that waits for its descriptor.
class Waiter {
 public:
  virtual ~Waiter() = default;
  /// The descriptor can be read, or written if that was asked for, or is broken.
  virtual void ready() = 0;
};

/// Level-triggered. A waiter must outlive the turn of the loop in which it was last told.
class Loop {
 public:
  using Clock = std::chrono::steady_clock;

  Loop();
  /// @param write  wake when the descriptor can be written as well.
  void watch(const Fd& fd, Waiter& waiter, bool write);
  void change(const Fd& fd, Waiter& waiter, bool write);
  void forget(const Fd& fd);
  /// Serves what is ready; waits for something to be so, not beyond `until`.
  /// @error std::runtime_error when the time is over.
  void turn(Clock::time_point until);

 private:
  void control(int operation, const Fd& fd, Waiter* waiter, bool write);
  Fd epoll_;
};

}  // namespace wstap::bench

// SPDX-License-Identifier: Apache-2.0
// Whatever the system knows by a number: a file, a socket, a directory.
#pragma once

#include <unistd.h>

#include <utility>

namespace wstap {

/// Closes what it holds; the three standard streams stay open.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  /// From now on it is the caller's to close.
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// An open file, and the lock by which a capture's writer tells readers that there is more to come.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wstap::formats {

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

 private:
  int fd_;
};

/// Locks the whole file for as long as it stays open. @return false when another writer has it locked.
inline bool lock_for_writing(int fd) noexcept {
  struct flock whole{.l_type = F_WRLCK, .l_whence = SEEK_SET};
  // Devices and some file systems know no locks, and need none.
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0 || (errno != EAGAIN && errno != EACCES);
}

/// Somebody writes to the file. Only asks: a reader never stands in a writer's way.
inline bool is_being_written(int fd) noexcept {
  struct flock whole{.l_type = F_RDLCK, .l_whence = SEEK_SET};
  return ::fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

}  // namespace wstap::formats

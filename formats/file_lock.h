// SPDX-License-Identifier: Apache-2.0
// The lock by which a capture's writer tells readers that there is more to come.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "libcore/base/descriptor.h"

namespace wstap::formats {

using wstap::Descriptor;

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

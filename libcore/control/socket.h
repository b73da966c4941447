// SPDX-License-Identifier: Apache-2.0
// A listening Unix socket that only its owner can reach, from the moment it exists (HOLD-6).
#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include <string>

#include "libcore/base/descriptor.h"
#include "libcore/base/result.h"

namespace wstap::control {

/// @error std::errc::filename_too_long.
Result<sockaddr_un> unix_address(const std::string& path);

/// The user whose process is at the other end, and that process.
struct PeerIdentity {
  uid_t uid = 0;
  pid_t pid = 0;
};
Result<PeerIdentity> peer_identity(int socket);

/// The directory is this user's, no symbolic link, and closed to everybody else.
/// @error not_private; the system's own.
Result<void> check_private_directory(const std::string& path);

/// What stands at a path.
enum class SocketState { none, dead, live, other };
SocketState probe_socket(const std::string& path);

/// Sockets of a directory are made and tidied up by one process at a time: until the descriptor is closed.
/// @error std::errc::operation_would_block: another one is at it.
Result<Descriptor> try_lock_directory(const std::string& path);

class Socket {
 public:
  /// Makes the directory if there is none (0700) and the socket in it (0600), in the place of one that a dead
  /// process left.
  /// @error not_private; address_in_use: another process listens there; std::errc::file_exists: it is
  /// something else; filename_too_long; the system's own.
  static Result<Socket> open(const std::string& path);
  Socket() = default;
  Socket(Socket&&) = default;
  Socket& operator=(Socket&&) = delete;
  ~Socket() { remove(); }

  /// The listening socket, for whoever accepts: from now on it is theirs to close.
  Descriptor take() { return std::move(listener_); }
  /// Removes the file, unless it was replaced by another meanwhile. To be called before the socket is closed,
  /// or somebody else might take it for a dead one and put theirs there.
  void remove();

 private:
  std::string path_;  ///< empty: nothing to be removed
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Descriptor listener_;
};

}  // namespace wstap::control

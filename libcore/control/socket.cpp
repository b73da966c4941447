// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "libcore/control/errors.h"

namespace wstap::control {
namespace {

std::unexpected<Error> system_fault(std::string detail) {
  return fail(std::error_code(errno, std::generic_category()), std::move(detail));
}

const sockaddr* generic(const sockaddr_un& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

std::string directory_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Result<void> make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return system_fault(path);
  return check_private_directory(path);
}

/// Others hold the lock for moments only, unless they were stopped in the middle.
Result<Descriptor> lock_directory(const std::string& path) {
  constexpr int kTries = 200;
  for (int i = 1;; ++i) {
    auto lock = try_lock_directory(path);
    if (lock || i == kTries || lock.error().code != std::errc::operation_would_block) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// There is nothing at `path` when it returns well.
Result<void> make_room(const std::string& path) {
  switch (probe_socket(path)) {
    case SocketState::none: return {};
    case SocketState::live:
      return fail(Errc::address_in_use, path + " (another proxy listens there: choose another --control)");
    case SocketState::other:
      return fail(std::make_error_code(std::errc::file_exists),
                  path + " (it is no socket: choose another --control)");
    case SocketState::dead: break;
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_fault(path);
  return {};
}

}  // namespace

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(std::make_error_code(std::errc::filename_too_long),
                fmt::format("{} (a socket's path has 1 to {} bytes)", path, sizeof address.sun_path - 1));
  path.copy(static_cast<char*>(address.sun_path), path.size());
  return address;
}

Result<PeerIdentity> peer_identity(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return system_fault("SO_PEERCRED");
  return PeerIdentity{peer.uid, peer.pid};
}

Result<void> check_private_directory(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return system_fault(path);
  const char* fault = nullptr;
  if (S_ISLNK(found.st_mode)) {
    fault = "it is a symbolic link";
  } else if (!S_ISDIR(found.st_mode)) {
    fault = "it is no directory";
  } else if (found.st_uid != ::geteuid()) {
    fault = "it belongs to somebody else";
  } else if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    fault = "others may enter it: chmod 700";
  } else {
    return {};
  }
  return fail(Errc::not_private, fmt::format("{} ({})", path, fault));
}

SocketState probe_socket(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? SocketState::none : SocketState::other;
  const auto address = unix_address(path);
  if (!S_ISSOCK(found.st_mode) || !address) return SocketState::other;
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Whatever keeps us from connecting other than nobody being there: do not take it for dead.
  if (::connect(probe.get(), generic(*address), sizeof *address) == 0) return SocketState::live;
  if (errno == ENOENT) return SocketState::none;
  return errno == ECONNREFUSED ? SocketState::dead : SocketState::live;
}

Result<Descriptor> try_lock_directory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory.get() < 0) return system_fault(path);
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0)
    return system_fault(path + " (another process is making a socket there)");
  return directory;
}

Result<Socket> Socket::open(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return std::unexpected(address.error());
  const std::string directory = directory_of(path);
  if (auto ok = make_private_directory(directory); !ok) return std::unexpected(ok.error());
  const auto lock = lock_directory(directory);
  if (!lock) return std::unexpected(lock.error());
  if (auto ok = make_room(path); !ok) return std::unexpected(ok.error());

  Socket socket;
  socket.listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int listener = socket.listener_.get();
  // Linux makes the file with the permissions that the unbound socket has; umask would be every thread's.
  if (listener < 0 || ::fchmod(listener, S_IRUSR | S_IWUSR) != 0 ||
      ::bind(listener, generic(*address), sizeof *address) != 0)
    return system_fault(path);
  struct stat made{};
  if (::lstat(path.c_str(), &made) != 0) return system_fault(path);
  socket.path_ = path;
  socket.device_ = made.st_dev;
  socket.inode_ = made.st_ino;
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listener, SOMAXCONN) != 0)
    return system_fault(path);
  return socket;
}

void Socket::remove() {
  const auto path = std::exchange(path_, {});
  struct stat found{};
  if (!path.empty() && ::lstat(path.c_str(), &found) == 0 && found.st_dev == device_ &&
      found.st_ino == inode_)
    ::unlink(path.c_str());
}

}  // namespace wstap::control

// SPDX-License-Identifier: Apache-2.0
#include "formats/output_file.h"

#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "formats/errors.h"

namespace wstap::formats {
namespace {

constexpr mode_t kPrivate = 0600;

Error system_error(int number, const std::string& path) {
  return {std::error_code(number, std::generic_category()), path, 0};
}

/// Waits until a pipe that somebody made non-blocking takes more.
bool has_room(int fd) {
  pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, -1) >= 0 || errno == EINTR;
}

/// Drops the first `count` bytes of what is to be written.
std::span<iovec> advance(std::span<iovec> pieces, std::size_t count) {
  while (!pieces.empty() && count >= pieces.front().iov_len) {
    count -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (!pieces.empty()) {
    pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + count;
    pieces.front().iov_len -= count;
  }
  return pieces;
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path, bool force) {
  OutputFile file;
  file.path_ = path;
  if (path == "-") {
    file.fd_ = Descriptor(STDOUT_FILENO);
  } else {
    // Pipes and devices are there before they are written to.
    struct stat there{};
    const bool special = ::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode);
    const int exclusive = force || special ? 0 : O_EXCL;
    file.fd_ =
        Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | exclusive, kPrivate));
    if (file.fd_.get() < 0 && errno == EEXIST) return in_the_way(path);
    if (file.fd_.get() < 0) return std::unexpected(system_error(errno, path));
  }
  struct stat info{};
  file.regular_ = ::fstat(file.fd_.get(), &info) == 0 && S_ISREG(info.st_mode);
  if (!file.regular_) return file;
  if (path != "-") {
    if (auto ok = file.take_over(force); !ok) return std::unexpected(ok.error());
  } else if (const off_t end = ::lseek(file.fd_.get(), 0, SEEK_END); end > 0) {
    file.bytes_ = static_cast<std::uint64_t>(end);
  }
  return file;
}

Result<void> OutputFile::take_over(bool force) {
  if (!lock_for_writing(fd_.get())) return fail(Errc::exists, path_ + " (another wstap is writing to it)");
  if (!force) return {};
  // What was there may have been readable to others.
  if (::fchmod(fd_.get(), kPrivate) != 0 || ::ftruncate(fd_.get(), 0) != 0)
    return std::unexpected(system_error(errno, path_));
  return {};
}

Result<void> OutputFile::append(Bytes bytes) {
  std::array<iovec, 1> pieces = {piece(bytes)};
  return append(pieces, bytes.size());
}

Result<void> OutputFile::append(std::span<iovec> pieces, std::size_t total) {
  if (torn_) return std::unexpected(system_error(EIO, path_ + " (it ends within a record)"));
  std::size_t done = 0;
  while (done < total) {
    // A disk that takes less than all is full, and says so when it is asked for the rest.
    const auto put = ::writev(fd_.get(), pieces.data(), static_cast<int>(pieces.size()));
    if (put < 0 && (errno == EINTR || (errno == EAGAIN && has_room(fd_.get())))) continue;
    if (put < 0) {
      Error why = errno == EPIPE ? Error{Errc::reader_gone, path_, 0} : system_error(errno, path_);
      return std::unexpected(done == 0 ? std::move(why) : take_back(std::move(why)));
    }
    done += static_cast<std::size_t>(put);
    pieces = advance(pieces, static_cast<std::size_t>(put));
  }
  bytes_ += total;
  return {};
}

/// Nothing may follow a torn record (CAP-3).
Error OutputFile::take_back(Error why) {
  const auto end = static_cast<off_t>(bytes_);
  // Standard output is not opened for appending: its position has moved with the part that was written.
  const bool undone =
      regular_ && ::ftruncate(fd_.get(), end) == 0 && ::lseek(fd_.get(), end, SEEK_SET) == end;
  if (!undone) {
    torn_ = true;
    why.detail += " (and what was written of the record could not be taken back)";
  }
  return why;
}

Result<void> OutputFile::sync() {
  if (!regular_ || ::fdatasync(fd_.get()) == 0) return {};
  return std::unexpected(system_error(errno, path_));
}

}  // namespace wstap::formats

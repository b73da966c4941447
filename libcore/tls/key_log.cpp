// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/key_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wstap::tls {

Result<KeyLog> KeyLog::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(std::error_code(errno, std::generic_category()), path);
  return KeyLog(fd);
}

KeyLog::KeyLog(KeyLog&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

KeyLog::~KeyLog() {
  if (fd_ >= 0) ::close(fd_);
}

void KeyLog::add(const char* line) const {
  const std::string text = std::string(line) + "\n";
  // O_APPEND makes one write one piece; a secret that could not be written is not worth a connection.
  [[maybe_unused]] const auto put = ::write(fd_, text.data(), text.size());
}

}  // namespace wstap::tls

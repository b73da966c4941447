// SPDX-License-Identifier: Apache-2.0
#include "cmd/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "libcore/base/descriptor.h"

namespace wstap::cmd {

Result<Buffer> read_whole_file(const std::string& path) {
  const auto system_says = [&] { return fail(std::error_code(errno, std::generic_category()), path); };
  const Descriptor file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_says();
  Buffer content;
  std::array<std::byte, 64 * 1024> room;
  for (;;) {
    const auto got = ::read(file.get(), room.data(), room.size());
    if (got == 0) return content;
    if (got > 0) append(content, Bytes(room).first(static_cast<std::size_t>(got)));
    if (got < 0 && errno != EINTR) return system_says();
  }
}

}  // namespace wstap::cmd

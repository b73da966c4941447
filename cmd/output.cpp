// SPDX-License-Identifier: Apache-2.0
#include "cmd/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>

#include "formats/errors.h"
#include "formats/json_text.h"
#include "libcore/control/errors.h"
#include "libcore/net/errors.h"
#include "libcore/tls/errors.h"

namespace wstap::cmd {

bool write_whole(int fd, Bytes bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

Exit output_failed(Io& io) {
  if (errno == EPIPE) return Exit::ok;
  io.err << "wstap: standard output: " << std::strerror(errno) << '\n';
  return Exit::failed;
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  const auto failed = [&] { return fail(std::error_code(errno, std::generic_category()), path); };
  const auto temporary = fmt::format("{}.{}", path, ::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  const bool written = write_whole(fd, as_bytes(content));
  if (::close(fd) != 0 || !written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = failed();
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

Exit exit_for(const std::error_code& code) noexcept {
  const auto& category = code.category();
  if (category == net::category() || category == control::category() || category == tls::category())
    return Exit::network;
  const bool damaged = code == formats::Errc::truncated || code == formats::Errc::corrupt ||
                       code == formats::Errc::bad_magic || code == formats::Errc::newer_version ||
                       code == formats::Errc::record_too_large;
  return damaged ? Exit::damaged : Exit::failed;
}

std::string ready_text(const std::vector<std::string>& listening, const std::string& control) {
  std::string list;
  for (const auto& address : listening) list += (list.empty() ? "" : ",") + formats::json_string(address);
  return fmt::format("{{\"listen\":[{}],\"control\":{},\"pid\":{}}}\n", list,
                     control.empty() ? "null" : formats::json_string(control), ::getpid());
}

}  // namespace wstap::cmd

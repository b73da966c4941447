// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/path.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "libcore/base/ascii.h"
#include "libcore/control/socket.h"

namespace wstap::control {
namespace {

constexpr std::string_view kSuffix = ".sock";

/// Of a file that is named as default_path() names it.
std::optional<std::uint32_t> process_of(std::string_view file) {
  if (!file.ends_with(kSuffix)) return std::nullopt;
  return parse_decimal<std::uint32_t>(file.substr(0, file.size() - kSuffix.size()));
}

}  // namespace

std::string directory() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  // Its specification has relative ones ignored.
  if (runtime != nullptr && *runtime == '/') return std::string(runtime) + "/wstap";
  return fmt::format("/tmp/wstap-{}", ::geteuid());
}

std::string default_path() {
  return fmt::format("{}/{}{}", directory(), ::getpid(), kSuffix);
}

Result<std::vector<std::string>> live_sockets(const std::string& folder) {
  std::error_code failed;
  const std::filesystem::directory_iterator files(folder, failed);
  if (failed == std::errc::no_such_file_or_directory) return std::vector<std::string>();
  if (auto ok = check_private_directory(folder); !ok) return std::unexpected(ok.error());
  if (failed) return fail(failed, folder);

  // Whoever has the lock may be between making a socket and listening on it.
  const bool alone = try_lock_directory(folder).has_value();
  std::map<std::uint32_t, std::string> live;
  for (const auto& file : files) {
    const auto process = process_of(file.path().filename().string());
    if (!process) continue;
    const auto state = probe_socket(file.path());
    if (state == SocketState::live) live.emplace(*process, file.path());
    if (state == SocketState::dead && alone) ::unlink(file.path().c_str());
  }
  std::vector<std::string> paths;
  paths.reserve(live.size());
  for (auto& [process, path] : live) paths.push_back(std::move(path));
  return paths;
}

}  // namespace wstap::control

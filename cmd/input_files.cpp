// SPDX-License-Identifier: Apache-2.0
#include "cmd/input_files.h"

#include <unistd.h>

#include <filesystem>

namespace wstap::cmd {

std::optional<struct stat> status_of(const std::string& path, int standard) {
  struct stat info{};
  const int failed = path == "-" ? ::fstat(standard, &info) : ::stat(path.c_str(), &info);
  if (failed != 0) return std::nullopt;
  return info;
}

bool is_file(const std::string& path) {
  const auto info = status_of(path, STDIN_FILENO);
  return !info || S_ISREG(info->st_mode);
}

std::uint64_t total_bytes(const std::vector<std::string>& files) {
  std::uint64_t total = 0;
  for (const auto& file : files) {
    std::error_code unknown;
    const auto size = std::filesystem::file_size(file, unknown);
    if (unknown) return 0;
    total += size;
  }
  return total;
}

}  // namespace wstap::cmd

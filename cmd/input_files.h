// SPDX-License-Identifier: Apache-2.0
// The captures that a command line names; "-" is standard input.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wstap::cmd {

/// @param standard  the descriptor that "-" means. @return none: there is no such file.
std::optional<struct stat> status_of(const std::string& path, int standard);

/// All of it is there already. What comes through a pipe may be traffic of this moment.
bool is_file(const std::string& path);

/// Of all files together; 0: unknown, because one of them is no file.
std::uint64_t total_bytes(const std::vector<std::string>& files);

}  // namespace wstap::cmd

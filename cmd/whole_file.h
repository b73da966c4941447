// SPDX-License-Identifier: Apache-2.0
// A file, all of it.
#pragma once

#include <string>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"

namespace wstap::cmd {

/// @param path  "-": standard input. @error what the system says; a directory is one.
Result<Buffer> read_whole_file(const std::string& path);

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// What commands say while they run: lines on standard error, for people or as JSON.
#pragma once

#include <memory>
#include <string>

#include "libcore/base/log.h"

namespace wstap::cmd {

enum class LogFormat : std::uint8_t { text, json };

struct LogOptions {
  bool verbose = false;  ///< also what happens to connections
  bool quiet = false;
  LogFormat format = LogFormat::text;
};

/// Thread-safe. A text line is "wstap COMMAND: TEXT", with the level before TEXT when it is a warning or
/// worse.
/// @param command  valid for as long as the log is.
std::unique_ptr<Log> make_log(std::string_view command, const LogOptions& options);

}  // namespace wstap::cmd

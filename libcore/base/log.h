// SPDX-License-Identifier: Apache-2.0
// Where the library says what it does, for people. No global logger: whoever builds the parts passes one.
#pragma once

#include <cstdint>
#include <string_view>

namespace wstap {

/// `notice`: what everybody should see, without anything being wrong.
enum class LogLevel : std::uint8_t { info, notice, warning, error };

/// Called by all threads at once; implementations are thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual bool wants(LogLevel level) const noexcept = 0;
  /// @param text  one line, without its end. May hold a peer's bytes: implementations make them printable.
  virtual void line(LogLevel level, std::string_view text) = 0;
};

}  // namespace wstap

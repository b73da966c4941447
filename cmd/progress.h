// SPDX-License-Identifier: Apache-2.0
// How far a long command is, on standard error, when that is a terminal (CLI-4).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace wstap::cmd {

class Progress {
 public:
  /// @param what  "reading"; @param total  in the unit that is shown to update(); 0: unknown.
  Progress(std::string what, std::uint64_t total, bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap: looks at the clock once in a thousand calls, writes at most a few times a second.
  void update(std::uint64_t bytes) {
    if (active_ && ++calls_ % 1024 == 0) show(bytes);
  }

 private:
  void show(std::uint64_t bytes);

  std::string what_;
  std::uint64_t total_;
  bool active_;
  bool shown_ = false;
  std::uint64_t calls_ = 0;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace wstap::cmd

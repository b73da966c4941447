// SPDX-License-Identifier: Apache-2.0
// A shell command that is given something on standard input and says something on standard output, among
// others that run at the same time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "libcore/base/descriptor.h"
#include "libcore/base/result.h"

namespace wstap::cmd {

/// Owns the process, in a group of its own: with this, all of the group ends.
class Hook {
 public:
  using Clock = std::chrono::steady_clock;

  /// @error the system's own.
  static Result<Hook> start(const std::string& command, std::string input, Clock::time_point deadline);
  Hook(Hook&& other) noexcept;
  Hook& operator=(Hook&&) = delete;
  ~Hook();

  // To be polled: for writing, for reading, for reading. -1: not any more.
  int input() const noexcept { return in_.get(); }
  int output() const noexcept { return out_.get(); }
  int process() const noexcept { return process_.get(); }
  Clock::time_point deadline() const noexcept { return deadline_; }

  // What is ready is done, without waiting.
  void write_some();
  void read_some();

  /// It has ended by itself; all it said is in said().
  bool ended();
  const std::string& said() const noexcept { return said_; }
  /// Of one that ended: why it counts as failed, "exit status 3"; empty: it does not.
  std::string failure() const;

 private:
  Hook() = default;

  int pid_ = -1;  ///< -1: it is waited for
  int status_ = 0;
  Descriptor in_, out_, process_;
  Clock::time_point deadline_;
  std::string input_;
  std::size_t written_ = 0;
  std::string said_;
  bool too_much_ = false;
};

}  // namespace wstap::cmd

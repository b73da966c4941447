// SPDX-License-Identifier: Apache-2.0
// Ends a process that was told to stop and cannot: a reader that stopped reading its output holds it in a
// write.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

namespace wstap::cmd {

/// Once armed, ends the process when the time is over, unless it is destroyed before.
class LastResort {
 public:
  /// @param command  names the command in what is said; outlives this.
  explicit LastResort(std::string_view command) : command_(command) {}
  ~LastResort();
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

  /// Again: the new time counts. The exit status is that of a process which `signal` ended.
  void arm(std::chrono::milliseconds patience, int signal);

 private:
  void wait(const std::stop_token& stopped);

  std::string_view command_;
  std::mutex lock_;
  std::condition_variable_any changed_;
  std::chrono::steady_clock::time_point deadline_;
  int signal_ = 0;
  std::jthread thread_;
};

}  // namespace wstap::cmd

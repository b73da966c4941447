// SPDX-License-Identifier: Apache-2.0
#include "cmd/last_resort.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace wstap::cmd {

LastResort::~LastResort() = default;  // the thread stops first: it is the last member

void LastResort::arm(std::chrono::milliseconds patience, int signal) {
  const std::lock_guard guard(lock_);
  deadline_ = std::chrono::steady_clock::now() + patience;
  signal_ = signal;
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stopped) { wait(stopped); });
}

void LastResort::wait(const std::stop_token& stopped) {
  std::unique_lock guard(lock_);
  while (!stopped.stop_requested()) {
    const auto deadline = deadline_;
    changed_.wait_until(guard, stopped, deadline, [&] { return deadline_ != deadline; });
    if (stopped.stop_requested() || std::chrono::steady_clock::now() < deadline_) continue;
    // Neither streams nor destructors: whatever holds the process may hold those as well.
    const auto text = fmt::format("wstap {}: cut short: nobody takes what it writes\n", command_);
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    std::_Exit(128 + signal_);
  }
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// SIGINT, SIGTERM and SIGHUP (a terminal that is closed) for long-running commands: the first asks to stop,
// the second insists (CLI-2).
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace wstap::cmd {

/// Blocks these signals for as long as it lives. To be made before any thread, which inherits that.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// From now on, and for what came before, `on_signal` is called on a thread of its own.
  /// @param on_signal  is told how many signals came so far, and which this one is.
  void listen(std::function<void(int count, int signal)> on_signal);

  /// Ends listening: on_signal is not running any more and will not be called again.
  void end();

 private:
  sigset_t signals_{}, before_{};
  std::jthread thread_;
};

}  // namespace wstap::cmd

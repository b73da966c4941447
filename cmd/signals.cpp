// SPDX-License-Identifier: Apache-2.0
#include "cmd/signals.h"

#include <pthread.h>

namespace wstap::cmd {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

void StopSignals::listen(std::function<void(int, int)> on_signal) {
  thread_ = std::jthread([this, on_signal = std::move(on_signal)](const std::stop_token& stopped) {
    int count = 0;
    int signal = 0;
    // end() wakes the wait with a signal of its own.
    while (sigwait(&signals_, &signal) == 0 && !stopped.stop_requested()) on_signal(++count, signal);
  });
}

void StopSignals::end() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

StopSignals::~StopSignals() {
  end();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace wstap::cmd

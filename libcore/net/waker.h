// SPDX-License-Identifier: Apache-2.0
// What one coroutine waits for and others on its thread bring about. Nothing is remembered: whoever waits
// looks first.
#pragma once

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace wstap::net {

class Waker {
 public:
  explicit Waker(const asio::any_io_executor& executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}
  /// Until wake().
  asio::awaitable<void> wait() {
    return timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored_));
  }
  void wake() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
  std::error_code ignored_;
};

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// Coroutines of the library, called from a test.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <stdexcept>

namespace wstap::test {

/// A coroutine that was started, and its result once it has one. The state outlives this, and the coroutine
/// too.
template <class T>
class Started {
 public:
  Started(asio::io_context& io, asio::awaitable<T> work) : io_(io) {
    asio::co_spawn(io, keep(std::move(work), result_), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
  }
  bool done() const { return result_->has_value(); }
  /// Runs the event loop until there is a result, for 30 seconds at most.
  T& result() {
    while (!done()) {
      io_.restart();
      if (io_.run_one_for(std::chrono::seconds(30)) == 0) throw std::runtime_error("the coroutine hangs");
    }
    return **result_;
  }

 private:
  using Slot = std::shared_ptr<std::optional<T>>;
  static asio::awaitable<void> keep(asio::awaitable<T> work, Slot slot) {
    slot->emplace(co_await std::move(work));
  }
  asio::io_context& io_;
  Slot result_ = std::make_shared<std::optional<T>>();
};

/// Runs `work` to its end.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> work) {
  return std::move(Started<T>(io, std::move(work)).result());
}

}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// What the sessions of a control server share, and the way into their thread.
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "libcore/base/log.h"
#include "libcore/control/port.h"

namespace wstap::control {

/// Takes calls of other threads into the server's, as long as there is one: answers may come when the server
/// is gone.
class Mailbox {
 public:
  explicit Mailbox(asio::io_context& io) : io_(&io) {}
  void post(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) asio::post(*io_, std::move(call));
  }
  /// Nothing is posted once it returns.
  void close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  asio::io_context* io_;
};

class Session;

/// Used by the server's thread only, but for what is thread-safe itself.
struct Host {
  Port& port;
  const Codec& codec;
  Log& log;
  std::string program;
  std::chrono::milliseconds patience;  ///< for a hello, and for the last words to be read
  std::size_t max_in_flight_bytes;     ///< of all sessions together
  std::shared_ptr<Mailbox> mailbox;
  std::set<std::shared_ptr<Session>> sessions{};
  std::array<std::byte, 64 * 1024> scratch{};
};

}  // namespace wstap::control

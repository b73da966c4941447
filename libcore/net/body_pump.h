// SPDX-License-Identifier: Apache-2.0
// Passes one HTTP body on, while something else goes on with the other direction.
#pragma once

#include <optional>

#include "libcore/http1/body.h"
#include "libcore/net/stream.h"

namespace wstap::net {

enum class PumpEnd : std::uint8_t {
  done,
  sender_gone,  ///< ... or sent something that is no body
  receiver_gone,
};

/// Moves the body that `reader` follows from `from` to `to`. What follows it stays in from.unread.
asio::awaitable<PumpEnd> pump_body(Stream& from, Transport& to, http1::BodyReader reader);

/// A request's body on its way, as a coroutine of its own.
class RequestBody {
 public:
  /// Starts. When the client goes away, the server's stream is cancelled: its response has no reader.
  void start(const asio::any_io_executor& executor, Stream& client, Transport& server,
             http1::BodyFraming framing);
  /// The same with a pump of the caller's, which outlives finish().
  void start(const asio::any_io_executor& executor, Stream& client, Transport& server,
             asio::awaitable<PumpEnd> pump);
  /// Waits for the end; after so long the client is cancelled. @return whether all of it was passed on.
  asio::awaitable<bool> finish(std::optional<std::chrono::milliseconds> patience);
  /// Calls `next` when all of it was passed on; at once if it was, or if there is none. Replaces an older
  /// one.
  void then(std::function<void()> next);
  bool running() const noexcept { return state_ && !state_->end; }
  /// The client went away, or what it sent is no body.
  bool broken() const noexcept { return state_ && state_->end == PumpEnd::sender_gone; }
  bool complete() const noexcept { return !state_ || state_->end == PumpEnd::done; }

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor)
        : ended(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer ended;
    std::optional<PumpEnd> end;
    std::function<void()> next;
  };
  std::shared_ptr<State> state_;
  Transport* client_ = nullptr;
};

}  // namespace wstap::net

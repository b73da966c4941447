// SPDX-License-Identifier: Apache-2.0
// A transport without a network: one end for the code under test, the other in a test's hands. What the
// test's end does is seen at once by whoever waits, in the next run of the event loop; nothing depends on
// time.
#pragma once

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <stdexcept>

#include "libcore/net/transport.h"

namespace wstap::test {

/// Between the two ends.
struct Pipe {
  explicit Pipe(asio::io_context& io)
      : readers(io, asio::steady_timer::time_point::max()),
        writers(io, asio::steady_timer::time_point::max()) {}

  Buffer inbound;  ///< from the test, not read yet
  bool inside =
      false;  ///< the transport has `inbound` inside already: it may be read, and makes nothing readable
  std::optional<net::IoStatus> inbound_end;  ///< behind `inbound`: eof, truncated or failed
  bool reset_by_peer = false;
  bool fault_told = false;           ///< a read or write said `failed`; as with a socket, only the first does
  Buffer outbound;                   ///< for the test, not received yet
  std::size_t window = SIZE_MAX;     ///< how much `outbound` may hold
  std::size_t most_read = SIZE_MAX;  ///< bytes a read gives at most, so that it looks like a short one
  bool sends_ended = false;          ///< shutdown_send() was called
  bool reset = false, cancelled = false, gone = false;
  asio::steady_timer readers, writers;  ///< cancelled to wake those who wait
  std::function<void()> on_readable, on_reset;

  bool can_read() const { return cancelled || inbound_end || (!inbound.empty() && !inside); }
  bool has_fault() const { return reset_by_peer && !fault_told; }
  bool can_write() const { return cancelled || reset_by_peer || outbound.size() < window; }
};

/// Calls a watch, if there is one, from the event loop.
inline void call_soon(asio::io_context& io, const std::shared_ptr<Pipe>& pipe,
                      std::function<void()> Pipe::* watch) {
  asio::post(io, [pipe, watch] {
    if ((*pipe).*watch) std::exchange((*pipe).*watch, {})();
  });
}

class PipeTransport final : public net::Transport {
 public:
  /// @param keeps  as TLS does: a write takes more than the peer has room for, and keeps it (unsent()).
  PipeTransport(asio::io_context& io, std::shared_ptr<Pipe> pipe, bool keeps = false)
      : io_(io), pipe_(std::move(pipe)), keeps_(keeps) {}
  ~PipeTransport() override {
    pipe_->gone = true;
    pipe_->on_readable = pipe_->on_reset = {};
  }

  asio::awaitable<void> readable() override { return wait(pipe_->readers, pipe_->can_read()); }
  asio::awaitable<void> writable() override { return wait(pipe_->writers, pipe_->can_write()); }

  net::IoResult try_read(MutableBytes room) override {
    auto& pipe = *pipe_;
    if (!pipe.inbound.empty()) {
      const auto take = std::min({room.size(), pipe.inbound.size(), pipe.most_read});
      std::copy_n(pipe.inbound.begin(), take, room.begin());
      pipe.inbound.erase(pipe.inbound.begin(), pipe.inbound.begin() + static_cast<std::ptrdiff_t>(take));
      return {net::IoStatus::ok, take};
    }
    if (!pipe.inbound_end) return {net::IoStatus::would_block, 0};
    if (pipe.reset_by_peer && std::exchange(pipe.fault_told, true)) return {net::IoStatus::eof, 0};
    return {*pipe.inbound_end, 0};
  }

  net::IoResult try_write(Bytes bytes) override {
    auto& pipe = *pipe_;
    if (pipe.reset_by_peer || (pipe.sends_ended && !bytes.empty())) {
      pipe.fault_told = true;
      return {net::IoStatus::failed, 0};
    }
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(push(unsent_)));
    if (!unsent_.empty()) return {net::IoStatus::would_block, 0};
    if (end_wanted_ && pipe.can_write()) {
      end_wanted_ = false;
      pipe.sends_ended = true;
    }
    if (bytes.empty()) return {end_wanted_ ? net::IoStatus::would_block : net::IoStatus::ok, 0};
    std::size_t taken = push(bytes);
    if (keeps_ && taken < bytes.size()) {
      const auto more = std::min(bytes.size() - taken, kRecord);
      append(unsent_, bytes.subspan(taken, more));
      taken += more;
    }
    return {taken == 0 ? net::IoStatus::would_block : net::IoStatus::ok, taken};
  }
  std::size_t unsent() const noexcept override { return unsent_.size() + (end_wanted_ ? 1 : 0); }

  void shutdown_send() override {
    if (pipe_->sends_ended || end_wanted_) throw std::logic_error("a stream ends once");
    // TLS has something to say at the end, too.
    end_wanted_ = keeps_ && !(unsent_.empty() && pipe_->can_write());
    pipe_->sends_ended = !end_wanted_;
  }
  void reset() override {
    pipe_->reset = true;
    cancel();
  }
  void cancel() override {
    pipe_->cancelled = true;
    pipe_->on_reset = {};
    interrupt();
  }
  bool cancelled() const noexcept override { return pipe_->cancelled; }
  void interrupt() override {
    pipe_->readers.cancel();
    pipe_->writers.cancel();
  }
  void watch_readable(std::function<void()> seen) override {
    watch(&Pipe::on_readable, seen, pipe_->can_read());
  }
  void unwatch_readable() override { pipe_->on_readable = {}; }
  void watch_reset(std::function<void()> seen) override { watch(&Pipe::on_reset, seen, pipe_->has_fault()); }
  void unwatch_reset() override { pipe_->on_reset = {}; }
  Error error() const override { return {std::make_error_code(std::errc::connection_reset), {}, 0}; }
  std::string peer() const override { return "pipe"; }

 private:
  static constexpr std::size_t kRecord = 16 * 1024;

  asio::awaitable<void> wait(asio::steady_timer& until, bool now) {
    if (now) {
      co_await asio::post(io_, asio::use_awaitable);
    } else {
      std::error_code woken;
      co_await until.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
  }
  std::size_t push(Bytes bytes) {
    const auto room = pipe_->window - std::min(pipe_->window, pipe_->outbound.size());
    const auto take = std::min(room, bytes.size());
    append(pipe_->outbound, bytes.first(take));
    return take;
  }
  void watch(std::function<void()> Pipe::* watch, std::function<void()>& seen, bool now) {
    (*pipe_).*watch = std::move(seen);
    if (now) call_soon(io_, pipe_, watch);
  }

  asio::io_context& io_;
  std::shared_ptr<Pipe> pipe_;
  bool keeps_;
  bool end_wanted_ = false;  ///< the end waits for what is unsent
  Buffer unsent_;
};

/// The test's end. Single-threaded, like the transport; outlives it or not, as it likes.
class PipePeer {
 public:
  explicit PipePeer(asio::io_context& io) : io_(io), pipe_(std::make_shared<Pipe>(io)) {}

  /// The other end; to be called once.
  std::unique_ptr<net::Transport> transport(bool keeps = false) {
    return std::make_unique<PipeTransport>(io_, pipe_, keeps);
  }

  void send(Bytes bytes) {
    if (pipe_->inbound_end) throw std::logic_error("send() behind the end");
    append(pipe_->inbound, bytes);
    pipe_->inside = false;
    wake_readers();
  }
  void send(std::string_view text) { send(as_bytes(text)); }
  /// Ends what this peer sends: orderly, or as TLS without a close_notify.
  void finish(net::IoStatus how = net::IoStatus::eof) {
    pipe_->inbound_end = how;
    wake_readers();
  }
  void reset() {
    pipe_->reset_by_peer = true;
    pipe_->inbound_end = net::IoStatus::failed;
    wake_readers();
    pipe_->writers.cancel();
    asio::post(io_, [pipe = pipe_] {
      if (pipe->has_fault() && pipe->on_reset) std::exchange(pipe->on_reset, {})();
    });
  }

  /// Sends what the other end has inside when it is waited for: as what TLS decrypted already.
  void send_inside(Bytes bytes) {
    append(pipe_->inbound, bytes);
    pipe_->inside = true;
  }
  /// Something to read that turns out to be nothing, as what TLS says on its own account.
  void stir() { wake_readers(); }

  /// Has room for no more than `bytes` that it has not received yet.
  void set_window(std::size_t bytes) {
    pipe_->window = bytes;
    wake_writers();
  }
  /// Reads of the other end give no more than `bytes` at once.
  void set_most_read(std::size_t bytes) { pipe_->most_read = bytes; }
  /// Takes what has come so far, `most` bytes of it.
  Buffer receive(std::size_t most = SIZE_MAX) {
    const auto take = static_cast<std::ptrdiff_t>(std::min(most, pipe_->outbound.size()));
    Buffer got(pipe_->outbound.begin(), pipe_->outbound.begin() + take);
    pipe_->outbound.erase(pipe_->outbound.begin(), pipe_->outbound.begin() + take);
    wake_writers();
    return got;
  }

  std::size_t waiting() const { return pipe_->outbound.size(); }  ///< bytes to be received
  std::size_t unread() const { return pipe_->inbound.size(); }    ///< bytes the other end did not read yet
  bool saw_end() const { return pipe_->sends_ended || (pipe_->gone && !pipe_->reset); }
  bool saw_reset() const { return pipe_->reset; }
  bool cancelled() const { return pipe_->cancelled; }
  bool gone() const { return pipe_->gone; }  ///< the other end does not exist any more

 private:
  void wake_readers() {
    pipe_->readers.cancel();
    if (pipe_->on_readable) call_soon(io_, pipe_, &Pipe::on_readable);
  }
  void wake_writers() {
    if (pipe_->can_write()) pipe_->writers.cancel();
  }

  asio::io_context& io_;
  std::shared_ptr<Pipe> pipe_;
};

/// Runs all that can run without waiting for time to pass.
inline void settle(asio::io_context& io) {
  do io.restart();
  while (io.poll() != 0);
}

/// Runs until `done`, for things that do wait for time: a short one. @return whether it came to be.
template <class Done>
bool run_until(asio::io_context& io, Done done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done() && std::chrono::steady_clock::now() < give_up) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(100));
  }
  return done();
}

}  // namespace wstap::test

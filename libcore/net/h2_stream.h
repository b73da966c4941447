// SPDX-License-Identifier: Apache-2.0
// One stream of an HTTP/2 connection as a transport: heads first, then bytes both ways. END_STREAM is the end
// of a direction, RST_STREAM a reset, behind what came before it, and what nobody reads keeps the peer's
// window shut (H2-2). A peer that ended its direction, and then the stream or the connection in good order,
// is one that closed a socket: the next write goes nowhere, and is followed by a reset.
#pragma once

#include <deque>

#include "libcore/net/http_stream.h"
#include "libcore/net/waker.h"

namespace wstap::net {

class H2Connection;

/// Owned by whoever serves it; what the connection knows of it ends with it. A stream that is left before it
/// has ended both ways is reset behind what was still to be sent.
class H2Stream final : public HttpStream {
 public:
  H2Stream(std::shared_ptr<H2Connection> connection, h2::StreamId id);
  ~H2Stream() override;
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  h2::StreamId id() const noexcept { return id_; }

  asio::awaitable<std::optional<Head>> next_head() override;
  /// The same without waiting: none may be that it has not come yet.
  std::optional<Head> take_head();
  h2::Fields take_trailers() override { return std::exchange(trailers_, {}); }
  asio::awaitable<bool> finish(h2::Fields trailers) override;
  std::optional<std::uint32_t> reset_code() const noexcept override { return reset_; }
  bool stale() const noexcept override { return false; }

  void respond(const h2::Fields& head, bool end);
  void respond_interim(const h2::Fields& head);
  /// The end of this direction, with these behind what was sent.
  void end(const h2::Fields& trailers);
  /// The peer has said all that it will.
  bool ended() const noexcept { return ended_; }
  /// As watch_reset(), whose watch it replaces, but of anything after which no answer can be sent, at once.
  void watch_loss(std::function<void()> seen);
  /// Gives the stream up at once. @param code  why.
  void give_up(h2::Code code);
  /// When it is left, it is reset with this, behind what was still to be sent.
  void leave_with(h2::Code code) { leaves_with_ = code; }

  // Of Transport. What try_write takes is bounded, and leaves as the peer's window allows; it counts as
  // handed over, as what a kernel has taken does.
  asio::awaitable<void> readable() override;
  asio::awaitable<void> writable() override;
  IoResult try_read(MutableBytes room) override;
  IoResult try_write(Bytes bytes) override;
  std::size_t unsent() const noexcept override { return 0; }
  void shutdown_send() override { end({}); }
  void reset() override;
  void cancel() override;
  bool cancelled() const noexcept override { return cancelled_; }
  void interrupt() override;
  void watch_readable(std::function<void()> seen) override;
  void unwatch_readable() override { readable_watch_->seen = {}; }
  void watch_reset(std::function<void()> seen) override;
  void unwatch_reset() override { reset_watch_->seen = {}; }
  Error error() const override;
  std::string peer() const override;

 private:
  friend class H2Connection;
  // What the connection tells.
  void fields_came(h2::Section section, h2::Fields fields, bool end);
  void data_came(Bytes bytes);
  void end_came();
  void reset_came(std::uint32_t code);
  void connection_lost();
  void room_came() { write_.wake(); }

  bool is_drained() const noexcept { return taken_ == in_.size(); }
  /// Nothing more comes.
  bool gone() const noexcept { return ((reset_ || lost_) && !ended_) || cancelled_; }
  bool has_news() const noexcept { return !heads_.empty() || !is_drained() || ended_ || gone(); }
  /// Nothing can be sent any more.
  bool is_deaf() const noexcept { return reset_ || lost_ || cancelled_; }
  bool closed_in_order() const noexcept {
    return ended_ && (reset_ ? *reset_ == static_cast<std::uint32_t>(h2::Code::no_error) : lost_);
  }
  /// What a watch is for has happened.
  bool shows_reset() const noexcept {
    if (!reset_ && !lost_) return false;
    return watches_loss_ || (is_drained() && (!closed_in_order() || wasted_));
  }
  /// Told in a turn of its own: whoever begins a watch does not expect it to have ended already, and whoever
  /// is told may end the stream. Dropped with the watch.
  struct Watch {
    std::function<void()> seen;
  };
  using WatchPtr = std::shared_ptr<Watch>;
  void tell(const WatchPtr& watch);
  void tell_reader();
  void broken_off();
  void begin_reset_watch(std::function<void()> seen);
  void account();

  std::shared_ptr<H2Connection> connection_;
  const h2::StreamId id_;
  std::deque<Head> heads_;
  h2::Fields trailers_;
  Buffer in_;              ///< what came
  std::size_t taken_ = 0;  ///< ... and was read of it
  Waker read_, write_;
  WatchPtr readable_watch_ = std::make_shared<Watch>(), reset_watch_ = std::make_shared<Watch>();
  std::optional<std::uint32_t> reset_;
  bool ended_ = false;
  bool sent_end_ = false;
  bool lost_ = false;  ///< the connection ended under it
  bool cancelled_ = false;
  std::optional<h2::Code> leaves_with_;
  bool watches_loss_ = false;
  bool wasted_ = false;  ///< something was written that goes nowhere
};

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection over a transport: its session, one reader, one writer, and its streams (H2-2). Lives
// as long as its coroutines, its streams or its owner do. One thread.
#pragma once

#include <unordered_map>

#include "libcore/http1/head_parser.h"
#include "libcore/net/h2_stream.h"
#include "libcore/net/stream.h"
#include "libcore/net/worker.h"

namespace wstap::net {

/// What HTTP/1's heads are limited to, for header sections.
h2::Limits h2_limits(const http1::HeadLimits& heads) noexcept;

class H2Connection final : public std::enable_shared_from_this<H2Connection>, private h2::Events {
 public:
  /// Who opened the connection, or accepted it.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Of a server: a request came. Its head is the stream's first.
    virtual void opened(std::unique_ptr<H2Stream> stream) = 0;
    /// ... that was no good, and is answered already. @param why  a literal
    virtual void refused(h2::StreamId /*stream*/, std::string_view /*why*/) {}
    /// The peer's settings came.
    virtual void settled(const h2::PeerSettings& settings) = 0;
    /// The connection is over; no stream of it is any more.
    virtual void over() = 0;
  };

  /// @param below  the connection's transport, with what was read from it already.
  H2Connection(Worker& worker, Stream below, h2::Role role, const h2::Limits& limits);
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;

  /// To be called once. @param owner  outlives the connection, or calls disown().
  void start(Owner& owner, bool connect_protocol, std::optional<std::uint32_t> streams = std::nullopt);
  /// The owner goes. When the last stream is over, the connection ends.
  void disown();
  void announce_connect_protocol();

  /// Of a client: opens a stream.
  /// @error peer_closed: the connection takes no requests any more; h2::Errc::too_many_streams.
  Result<std::unique_ptr<H2Stream>> request(const h2::Fields& head, bool end);
  /// Requests can be sent: neither is it over nor did the peer say GOAWAY.
  bool takes_requests() const noexcept { return !over_ && !going_away_; }
  bool over() const noexcept { return over_; }
  /// Takes no more streams, and ends when the last one is over.
  void drain();
  /// Ends now.
  void cancel();

  /// Waits for the peer's first settings, for its end, or for so long (H2-1).
  asio::awaitable<void> first_settings(std::chrono::milliseconds patience = std::chrono::milliseconds(5'000));
  const h2::PeerSettings& peer_settings() const noexcept { return session_.peer(); }
  /// The peer's settings came.
  bool settled() const noexcept { return settled_; }
  /// Why it ended.
  const Error& error() const noexcept { return error_; }
  std::string peer() const { return below_.io->peer(); }
  Worker& worker() noexcept { return worker_; }

 private:
  friend class H2Stream;
  h2::Session& session() noexcept { return session_; }
  /// Something is to be sent.
  void kick() { write_.wake(); }
  void say_goaway();
  void leave(h2::StreamId id, bool ended, bool sent_end, std::optional<h2::Code> why);

  void settings(const h2::PeerSettings& settings) override;
  void fields(h2::StreamId id, h2::Section section, h2::Fields fields, bool end) override;
  void data(h2::StreamId id, Bytes bytes) override;
  void ended(h2::StreamId id) override;
  void reset(h2::StreamId id, std::uint32_t code) override;
  void closed(h2::StreamId id) override;
  void writable(h2::StreamId id) override;
  void refused(h2::StreamId id, std::string_view why) override;
  void goaway(h2::StreamId last, std::uint32_t code, Bytes debug) override;

  asio::awaitable<void> read();
  asio::awaitable<void> write();
  bool take(Bytes bytes);
  void run(asio::awaitable<void> work);
  void end(Error why);
  bool is_idle() const noexcept { return streams_.empty() && leaving_.empty(); }
  H2Stream* find(h2::StreamId id) noexcept;

  Worker& worker_;
  Stream below_;
  const h2::Role role_;
  h2::Session session_;
  Owner* owner_ = nullptr;
  std::unordered_map<h2::StreamId, H2Stream*> streams_;
  /// Nobody's any more, with bytes that are still to be sent; and how they are reset then.
  std::unordered_map<h2::StreamId, h2::Code> leaving_;
  Waker write_, heard_;
  asio::steady_timer patience_;  ///< for the peer to end a connection on which nothing is left
  std::chrono::steady_clock::time_point last_left_{};  ///< when a stream was last left
  Error error_;
  bool settled_ = false;
  bool going_away_ = false;  ///< the peer said GOAWAY
  bool draining_ = false;    ///< ends when the last stream is over
  bool said_goaway_ = false;
  bool over_ = false;
};

}  // namespace wstap::net

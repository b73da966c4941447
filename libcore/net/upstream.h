// SPDX-License-Identifier: Apache-2.0
// The server's side of a client's HTTP/1 requests: one connection at a time, made when a request needs it and
// kept for the next one that goes there (UPG-2).
#pragma once

#include "libcore/http1/head.h"
#include "libcore/net/http_exchange.h"
#include "libcore/net/http_route.h"
#include "libcore/net/proxy_core.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::net {

class Upstream {
 public:
  /// @param stream  the caller's, who may cancel it; of a tunnel it is connected, and never replaced.
  /// @param leg  gets to know what is connected; outlives this, as all the others do.
  Upstream(ProxyCore& core, WorkerSeat& seat, const Site& site, Stream& stream, pipeline::Leg& leg);

  /// Connects to where `url` says, unless that is where the connection goes. `url` outlives the call.
  /// @error as Dialer and start_upstream_tls; peer_closed when a tunnel's one connection is gone.
  asio::awaitable<Result<void>> reach(const http1::Url& url);

  /// Sends the request's head; on a new connection when a kept one turns out to be closed.
  /// @return false when it could not.
  asio::awaitable<bool> send(const HttpExchange& exchange);

  /// Reads the next head of a response, interim ones too, into `exchange`. Sends the request again when a
  /// kept connection ends without a word.
  /// @param client  watched meanwhile: nobody waits for an answer that nobody reads.
  /// @error timed_out; peer_closed; one of http1.
  asio::awaitable<Result<http1::ResponseHead>> next_response(HttpExchange& exchange, Stream& client);

  /// A response came over this connection: it is a kept one from now on.
  void keep() noexcept { kept_ = true; }
  bool kept() const noexcept { return kept_; }
  /// The stream is a tunnel's: one connection on both sides.
  bool bound() const noexcept { return bound_; }
  /// Not one byte of a response came.
  bool silent(const HttpExchange& exchange) const noexcept {
    return exchange.response_head.empty() && stream_.unread.empty();
  }
  Stream& stream() noexcept { return stream_; }
  /// "example.com:443", for messages.
  std::string name() const { return url_.authority.text(); }

 private:
  bool may_try_again(const HttpExchange& exchange, const Error& error) const;
  asio::awaitable<bool> try_again(const HttpExchange& exchange);
  asio::awaitable<Result<http1::ResponseHead>> read_response_head(HttpExchange& exchange, Stream& client);

  ProxyCore& core_;
  WorkerSeat& seat_;
  Stream& stream_;
  pipeline::Leg& leg_;
  http1::Url url_;  ///< what stream_ is connected to
  const bool bound_;
  bool kept_;  ///< it was connected before this request, and may be closed by now
};

}  // namespace wstap::net

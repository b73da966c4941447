// SPDX-License-Identifier: Apache-2.0
// HTTP/1 on one client stream: requests are passed on one after the other, until one of them opens a
// WebSocket or a tunnel (UPG-1 to UPG-4, UPG-8, UPG-9).
#pragma once

#include "libcore/http1/body.h"
#include "libcore/http1/head_parser.h"
#include "libcore/http1/target.h"
#include "libcore/net/proxy_core.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::net {

/// Where the requests of a stream go. Constructed, never brace-initialized: see Target.
struct Site {
  enum class Kind : std::uint8_t {
    any,       ///< a forward proxy's port: each request names its target
    upstream,  ///< `--reverse`: one upstream, dialled when needed
    tunnel,    ///< inside CONNECT or SOCKS: one upstream, one connection, dialled before
    own,       ///< http://wstap.ca/
  };
  Site() = default;
  Site(Kind what, http1::Url upstream) : kind(what), url(std::move(upstream)) {}

  Kind kind = Kind::any;
  http1::Url url;       ///< of the upstream, but for Kind::any
  std::string failure;  ///< every request is answered 502 with this (TLS-3); empty: none
};

/// How the session ended, and what is to become of the client.
struct HttpEnd {
  enum class Kind : std::uint8_t { over, connect, handed_over };
  Kind kind = Kind::over;
  http1::Authority target;  ///< of a CONNECT, which is not answered yet
  Buffer connect_head;
};

class HttpSession {
 public:
  /// @param client, server  streams of the caller; moved from when a WebSocket opens.
  /// @param facts  what is known of both legs; filled up as connections are made.
  HttpSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlot& slot, Site site, Stream& client,
              Stream& server, pipeline::ConnectionFacts& facts);

  asio::awaitable<HttpEnd> run();

 private:
  struct Exchange;
  asio::awaitable<HttpEnd> serve_requests();
  asio::awaitable<bool> await_request();
  asio::awaitable<std::optional<Exchange>> read_request();
  asio::awaitable<bool> refuse_request(const Error& error);
  asio::awaitable<bool> admit(Exchange& exchange, HttpEnd& end);
  asio::awaitable<bool> serve_own(const Exchange& exchange);
  asio::awaitable<Result<void>> reach_upstream(Exchange& exchange);
  asio::awaitable<bool> pass_on(Exchange& exchange);
  asio::awaitable<bool> send_request(Exchange& exchange);
  asio::awaitable<bool> read_responses(Exchange& exchange);
  asio::awaitable<bool> respond(Exchange& exchange, http1::ResponseHead head);
  asio::awaitable<Result<http1::ResponseHead>> read_response_head(Exchange& exchange);
  asio::awaitable<bool> open_flow(Exchange& exchange, const http1::ResponseHead& response);
  asio::awaitable<bool> no_response(Exchange& exchange, const Error& error);
  asio::awaitable<bool> lost_upstream(Exchange& exchange);
  asio::awaitable<bool> give_up(Exchange& exchange, int status, std::string reason);
  asio::awaitable<void> reply(std::string text);
  void record(const Exchange& exchange, pipeline::ConnectionKind kind, std::string reason);

  ProxyCore& core_;
  WorkerSeat& seat_;
  ConnectionSlot& slot_;
  Site site_;
  Stream& client_;
  Stream& server_;
  pipeline::ConnectionFacts& facts_;
  http1::Url server_url_;     ///< what server_ is connected to
  bool server_used_ = false;  ///< a response came over it already
  bool handed_over_ = false;
  http1::Strictness strictness_;
  http1::HeadLimits limits_;
};

}  // namespace wstap::net

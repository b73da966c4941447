// SPDX-License-Identifier: Apache-2.0
// HTTP/1 on one client stream: requests are passed on one after the other, until one of them opens a
// WebSocket or a tunnel (UPG-1 to UPG-4, UPG-8, UPG-9).
#pragma once

#include "libcore/net/upstream.h"

namespace wstap::net {

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
  HttpSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlotPtr slot, Site site, Stream& client,
              Stream& server, pipeline::ConnectionFacts& facts);

  asio::awaitable<HttpEnd> run();

 private:
  asio::awaitable<HttpEnd> serve_requests();
  asio::awaitable<bool> await_request();
  asio::awaitable<std::optional<HttpExchange>> read_request();
  asio::awaitable<bool> refuse_request(const Error& error);
  asio::awaitable<bool> admit(HttpExchange& exchange, HttpEnd& end);
  asio::awaitable<bool> pass_on(HttpExchange& exchange);
  asio::awaitable<bool> read_responses(HttpExchange& exchange);
  asio::awaitable<bool> respond(HttpExchange& exchange, http1::ResponseHead head);
  asio::awaitable<bool> open_flow(HttpExchange& exchange, const http1::ResponseHead& response);
  asio::awaitable<bool> no_response(HttpExchange& exchange, const Error& error);
  asio::awaitable<bool> lost_upstream(HttpExchange& exchange);
  asio::awaitable<bool> give_up(HttpExchange& exchange, int status, std::string reason);
  asio::awaitable<bool> put_off(const HttpExchange& exchange, pipeline::LimitHit hit);
  asio::awaitable<bool> refuse(HttpExchange& exchange, pipeline::ConnectionKind kind, int status,
                               std::string reason);
  asio::awaitable<bool> answer(const HttpExchange& exchange, int status, std::string reason);
  asio::awaitable<bool> reply(std::string text);
  void record(const HttpExchange& exchange, pipeline::ConnectionKind kind, std::string reason);

  ProxyCore& core_;
  WorkerSeat& seat_;
  ConnectionSlotPtr slot_;
  const Site site_;
  Stream& client_;
  pipeline::ConnectionFacts& facts_;
  Upstream upstream_;
  bool handed_over_ = false;
};

}  // namespace wstap::net

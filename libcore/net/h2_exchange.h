// SPDX-License-Identifier: Apache-2.0
// One stream of a client's HTTP/2 connection: its request on its way to the upstream, and what comes back,
// until it is over or is a WebSocket (H2-1).
#pragma once

#include "libcore/net/body_pump.h"
#include "libcore/net/h2_session.h"

namespace wstap::net {

/// Lives as long as its coroutine does.
class H2Exchange : public std::enable_shared_from_this<H2Exchange> {
 public:
  H2Exchange(std::shared_ptr<H2Session> session, std::unique_ptr<H2Stream> client);
  ~H2Exchange();
  H2Exchange(const H2Exchange&) = delete;
  H2Exchange& operator=(const H2Exchange&) = delete;

  void start();
  void cancel();

 private:
  asio::awaitable<void> run();
  asio::awaitable<bool> admit();
  asio::awaitable<bool> send_head();
  asio::awaitable<void> pass_on();
  void start_body();
  asio::awaitable<PumpEnd> pass_request_body();
  asio::awaitable<void> read_responses();
  asio::awaitable<std::optional<HttpStream::Head>> next_head(bool& late);
  asio::awaitable<void> respond(HttpStream::Head head);
  asio::awaitable<void> open_flow(const h2::Fields& response);
  asio::awaitable<void> no_response(bool late);
  asio::awaitable<void> refuse(pipeline::ConnectionKind kind, int status, std::string reason);
  asio::awaitable<void> put_off(pipeline::LimitHit hit);
  asio::awaitable<void> reply(std::string http1_reply);
  asio::any_io_executor executor() { return session_->seat_.worker.io().get_executor(); }
  void record(pipeline::ConnectionKind kind, std::string reason);
  H2Stream& client() { return *client_stream_; }
  HttpStream& server() { return *server_stream_; }

  std::shared_ptr<H2Session> session_;
  ProxyCore& core_;
  Stream client_, server_;
  H2Stream* client_stream_;  ///< what client_ is, and server_
  HttpStream* server_stream_ = nullptr;
  pipeline::ConnectionFacts facts_;  ///< of what may become a WebSocket
  h2::Fields request_;
  http1::RequestHead as_http1_;  ///< the request as rules and routes know requests
  http1::Url url_;
  RequestBody body_;
  UnixNs start_ns_;
  bool upgrade_ = false;
  bool has_body_ = false;  ///< more than its head came, or may come
};

}  // namespace wstap::net

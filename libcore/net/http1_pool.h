// SPDX-License-Identifier: Apache-2.0
// Connections of HTTP/1 to one server, for requests that come over HTTP/2 (H2-3): as many as there are
// requests at a time, each kept for the next one.
#pragma once

#include "libcore/net/http_route.h"
#include "libcore/net/http_stream.h"
#include "libcore/net/proxy_core.h"
#include "libcore/pipeline/flow_facts.h"

namespace wstap::net {

/// Outlives the streams it gives, but for those of WebSockets.
class Http1Pool {
 public:
  /// @param site  where the server is. @param name  as which its certificate knows it.
  Http1Pool(ProxyCore& core, WorkerSeat& seat, http1::Url site, std::string name);

  /// One that carries no request at the time. @param leg  what is known of it.
  void put(Stream stream, pipeline::Leg leg);
  /// Sends a request's head. @param leg  gets to know over which connection.
  /// @error as Dialer and start_upstream_tls, and BridgeToHttp1::request.
  asio::awaitable<Result<std::unique_ptr<HttpStream>>> request(const h2::Fields& head, bool last,
                                                               pipeline::Leg& leg);

 private:
  struct Idle {
    Stream stream;
    pipeline::Leg leg;
  };
  std::optional<Idle> take();
  asio::awaitable<Result<Idle>> dial();

  ProxyCore& core_;
  WorkerSeat& seat_;
  const http1::Url site_;
  const std::string name_;
  std::vector<Idle> idle_;
};

}  // namespace wstap::net

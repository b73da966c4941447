// SPDX-License-Identifier: Apache-2.0
// HTTP/2 of one client: its connection, the one to the upstream behind it, and an exchange for each stream
// (H2-1, H2-2). What HttpSession is for HTTP/1.
#pragma once

#include "libcore/net/h2_connection.h"
#include "libcore/net/http1_pool.h"

namespace wstap::net {

class H2Exchange;

class H2Session final : public std::enable_shared_from_this<H2Session> {
 public:
  /// @param site  a tunnel's, or a reverse proxy's: where all requests go. @param name  the upstream's
  /// certificate is asked for by it.
  H2Session(ProxyCore& core, WorkerSeat& seat, ConnectionSlotPtr slot, Site site, std::string name,
            pipeline::ConnectionFacts facts);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  /// Until the client's connection is over. @param server  connected; with --bridge it may speak HTTP/1.
  asio::awaitable<void> run(Stream client, Stream server);
  /// No more streams are taken, and ordinary requests end; WebSockets are their relays' matter. A second
  /// time: everything ends.
  void stop();

 private:
  friend class H2Exchange;
  /// Sends a request's head to the upstream. @param leg  gets to know over which connection.
  asio::awaitable<Result<std::unique_ptr<HttpStream>>> request(const h2::Fields& head, bool last,
                                                               pipeline::Leg& leg);
  /// Whether requests for another host than the tunnel's may use its connection (RFC 9113 9.1.1).
  bool covers(std::string_view host) const;

  class ClientSide;
  class ServerSide;
  asio::awaitable<void> meet_upstream(Stream server);
  /// The connection to the upstream; another one when that takes no more requests.
  asio::awaitable<Result<std::shared_ptr<H2Connection>>> upstream();
  asio::awaitable<Result<Stream>> dial();
  asio::awaitable<void> begin_upstream(Stream stream);
  void log(LogLevel level, std::string_view text);

  ProxyCore& core_;
  WorkerSeat& seat_;
  ConnectionSlotPtr slot_;
  const Site site_;
  const std::string name_;
  pipeline::ConnectionFacts facts_;
  std::unique_ptr<ClientSide> client_side_;
  std::unique_ptr<ServerSide> server_side_;
  std::shared_ptr<H2Connection> client_;
  std::shared_ptr<H2Connection> server_;  ///< null: that speaks HTTP/1
  Http1Pool http1_;
  std::unordered_set<H2Exchange*> exchanges_;
  asio::steady_timer last_resort_;  ///< of stop(): for those who do not take what is left to be said
  Waker client_over_, dialled_;
  bool dialling_ = false;
  bool stopping_ = false;
};

}  // namespace wstap::net

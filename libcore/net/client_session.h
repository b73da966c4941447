// SPDX-License-Identifier: Apache-2.0
// One client connection from its first byte: which way in it uses (UPG-5), what is inside its tunnel, and who
// takes it from there.
#pragma once

#include "libcore/net/h2_session.h"
#include "libcore/net/http_session.h"
#include "libcore/net/sniff.h"
#include "libcore/tls/client_hello.h"

namespace wstap::net {

/// Lives as long as its coroutine; cancel() ends that.
class ClientSession : public std::enable_shared_from_this<ClientSession> {
 public:
  ClientSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlotPtr slot, asio::ip::tcp::socket socket);
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  void start();
  void cancel();

 private:
  asio::awaitable<void> run();
  asio::awaitable<Opening> sniff_client();
  asio::awaitable<void> serve_port();
  asio::awaitable<bool> accept_port_tls();
  asio::awaitable<bool> accept_reverse_tls();
  asio::awaitable<Result<void>> reach_reverse(std::vector<std::string> alpn);
  asio::awaitable<void> serve_reverse(Opening opening);
  asio::awaitable<void> serve_http(Site site);
  asio::awaitable<void> serve_h2(Site site, std::string name);
  asio::awaitable<void> serve_socks();
  asio::awaitable<void> connect_tunnel(http1::Authority target, Buffer connect_head);
  std::string refusal(const http1::Authority& to) const;
  bool may_reach(const http1::Authority& target);
  asio::awaitable<Result<void>> dial_tunnel(const http1::Authority& target);
  asio::awaitable<void> serve_tunnel(http1::Url url);
  struct TunnelOpening {
    Opening kind = Opening::other;
    const char* why_unread = "not HTTP";  ///< what a record says of a tunnel that is relayed unread
  };
  std::string refusal_unread(const http1::Authority& to) const;
  asio::awaitable<TunnelOpening> sniff_tunnel(const http1::Authority& target);
  asio::awaitable<void> intercept_tls(http1::Url url);
  asio::awaitable<Result<void>> start_server_tls(const tls::ClientHello& hello, Target target,
                                                 std::string name);
  std::vector<std::string> client_alpn(const tls::ClientHello& hello) const;
  asio::awaitable<std::string> accept_tls(std::string fallback_name, std::vector<std::string> alpn,
                                          std::vector<std::string> names);
  asio::awaitable<void> relay_as_opaque(const http1::Url& url, std::string reason);
  void record(const http1::Url& url, pipeline::ConnectionKind kind, std::string reason,
              std::array<std::uint64_t, 2> bytes = {});
  void log(LogLevel level, std::string_view text);
  /// The upstream speaks HTTP/2, and looks like HTTP/1 (H2-3).
  bool is_bridged() const { return facts_.server.http_version == "HTTP/2"; }
  http1::Url reverse_url() const { return *core_.options.reverse; }

  ProxyCore& core_;
  WorkerSeat& seat_;
  ConnectionSlotPtr slot_;
  Stream client_, server_;
  std::shared_ptr<H2Session> h2_;  ///< null: it is not HTTP/2, or not yet
  pipeline::ConnectionFacts facts_;
  Buffer connect_head_;
  UnixNs start_ns_;
};

}  // namespace wstap::net

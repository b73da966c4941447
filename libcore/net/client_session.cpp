// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/client_session.h"

#include <fmt/format.h>

#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "libcore/http1/reply.h"
#include "libcore/net/ca_site.h"
#include "libcore/net/errors.h"
#include "libcore/net/opaque_relay.h"
#include "libcore/net/socks5.h"
#include "libcore/net/tcp_transport.h"
#include "libcore/net/tls_accept.h"
#include "libcore/net/tls_dial.h"
#include "libcore/tls/errors.h"

namespace wstap::net {

using pipeline::ConnectionKind;

namespace {

constexpr unsigned char kNotAllowed = 2;  // "connection not allowed by ruleset", RFC 1928 6

/// What an HTTP head may begin with.
bool is_text(std::byte first) {
  return first >= std::byte{0x20} && first < std::byte{0x7f};
}

http1::Url tunnel_url(const http1::Authority& target) {
  const bool standard = target.port == 80;
  const auto text = target.text();
  return {"http", target, standard ? text.substr(0, text.rfind(':')) : text, "/"};
}

}  // namespace

ClientSession::ClientSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlotPtr slot,
                             asio::ip::tcp::socket socket)
    : core_(core),
      seat_(seat),
      slot_(std::move(slot)),
      client_{std::make_unique<TcpTransport>(std::move(socket)), {}},
      start_ns_(core.now()) {
  facts_.client.address = client_.io->peer();
  seat_.sessions.insert(this);
}

ClientSession::~ClientSession() {
  seat_.sessions.erase(this);
}

void ClientSession::start() {
  core_.run_session(seat_, run(), shared_from_this(), facts_.client.address);
}

void ClientSession::cancel() {
  if (h2_) h2_->stop();
  if (client_) client_.io->cancel();
  if (server_) server_.io->cancel();
}

void ClientSession::log(LogLevel level, std::string_view text) {
  core_.log(level, fmt::format("{}: {}", facts_.client.address, text));
}

asio::awaitable<void> ClientSession::run() {
  // Deadlines of a first byte: a connection that says nothing must not stay for ever.
  {
    const Deadline deadline(seat_.worker.io().get_executor(), *client_.io, core_.options.handshake_timeout);
    const Opening opening = co_await sniff_client();
    if (deadline.passed()) {
      log(LogLevel::info, fmt::format("limit hit: nothing was said within {} ms (--handshake-timeout)",
                                      core_.options.handshake_timeout.count()));
      co_return;
    }
    if (client_.unread.empty()) co_return;
    if (opening == Opening::tls) {
      const bool accepted = co_await accept_port_tls();
      if (!accepted) co_return;
    }
  }
  co_await serve_port();
}

asio::awaitable<Opening> ClientSession::sniff_client() {
  for (;;) {
    const Opening opening = sniff(client_.unread);
    if (opening != Opening::need_more) co_return opening;
    if (co_await fill(client_) != IoStatus::ok) co_return Opening::other;
  }
}

/// TLS to the port itself: wstap is the server (--reverse), or a proxy that is reached over TLS.
/// @return false: there is none, which has been recorded.
asio::awaitable<bool> ClientSession::accept_port_tls() {
  if (core_.options.reverse) co_return co_await accept_reverse_tls();
  const std::string fault = co_await accept_tls("localhost", only_http1(), {});
  const bool accepted = fault.empty();
  co_return accepted;
}

asio::awaitable<void> ClientSession::serve_port() {
  const Opening opening = co_await sniff_client();
  if (core_.options.reverse) co_return co_await serve_reverse(opening);
  if (opening == Opening::socks5) {
    co_await serve_socks();
  } else if (opening == Opening::other && !is_text(client_.unread[0])) {
    log(LogLevel::info, client_.unread[0] == std::byte{4} ? "SOCKS4 is not supported; use SOCKS5"
                                                          : "neither HTTP/1.1, SOCKS5 nor TLS");
    const std::string reply =
        http1::error_reply(400, "this port speaks HTTP/1.1, SOCKS5 and TLS, and nothing else");
    if (co_await write_all(*client_.io, as_bytes(reply))) co_await linger(client_);
  } else if (opening == Opening::h2_preface) {
    log(LogLevel::info, "HTTP/2 to the proxy itself is not supported; use HTTP/1.1");
  } else {
    co_await serve_http(Site());
  }
}

asio::awaitable<void> ClientSession::serve_http(Site site) {
  const bool port = site.kind == Site::Kind::any;
  HttpSession http(core_, seat_, slot_, std::move(site), client_, server_, facts_);
  HttpEnd end = co_await http.run();
  if (end.kind == HttpEnd::Kind::connect && port)
    co_await connect_tunnel(std::move(end.target), std::move(end.connect_head));
}

/// Both sides agreed on HTTP/2, or the client began with it.
/// @param name  as which the upstream is known to its certificate.
asio::awaitable<void> ClientSession::serve_h2(Site site, std::string name) {
  h2_ = std::make_shared<H2Session>(core_, seat_, slot_, std::move(site), std::move(name), facts_);
  co_await h2_->run(std::move(client_), std::move(server_));
}

asio::awaitable<void> ClientSession::connect_tunnel(http1::Authority target, Buffer connect_head) {
  connect_head_ = std::move(connect_head);
  if (is_ca_site(target.host)) {
    const std::string ok = http1::tunnel_reply();
    if (co_await write_all(*client_.io, as_bytes(ok)))
      co_await serve_http(Site(Site::Kind::own, tunnel_url(target)));
    co_return;
  }
  const auto dialled = co_await dial_tunnel(target);
  const std::string answer =
      dialled ? http1::tunnel_reply()
              : http1::error_reply(http_status_for(dialled.error().code), dialled.error().text());
  if (!dialled) record(tunnel_url(target), ConnectionKind::failed, dialled.error().text());
  if (!co_await write_all(*client_.io, as_bytes(answer))) co_return;
  if (!dialled) co_return co_await linger(client_);
  co_await serve_tunnel(tunnel_url(target));
}

asio::awaitable<void> ClientSession::serve_socks() {
  Socks5Server socks(core_.options.credentials);
  const Deadline deadline(seat_.worker.io().get_executor(), *client_.io, core_.options.handshake_timeout);
  std::optional<Target> target;
  while (!target) {
    Bytes in = client_.unread;
    auto step = socks.next(in);
    client_.consume(client_.unread.size() - in.size());
    if (auto* answer = std::get_if<Socks5Server::Answer>(&step)) {
      if (!co_await write_all(*client_.io, answer->bytes)) co_return;
    } else if (auto* request = std::get_if<Socks5Server::Request>(&step)) {
      target = std::move(request->target);
    } else if (auto* refused = std::get_if<Socks5Server::Refused>(&step)) {
      log(LogLevel::info, "SOCKS: " + refused->reason);
      if (co_await write_all(*client_.io, refused->bytes)) co_await linger(client_);
      co_return;
    } else if (co_await fill(client_) != IoStatus::ok) {
      co_return;
    }
  }
  const http1::Authority authority{target->host, target->port};
  const bool own = is_ca_site(authority.host);
  if (!own && !may_reach(authority)) {
    const Buffer answer = Socks5Server::reply(kNotAllowed);
    if (co_await write_all(*client_.io, answer)) co_await linger(client_);
    co_return;
  }
  // No conditional expression: g++ 12 copies the result of one that awaits bit by bit, and destroys it twice.
  Result<void> dialled;
  if (!own) dialled = co_await dial_tunnel(authority);
  const Buffer answer = Socks5Server::reply(dialled ? 0 : socks_reply_for(dialled.error().code));
  if (!dialled) record(tunnel_url(authority), ConnectionKind::failed, dialled.error().text());
  if (!co_await write_all(*client_.io, answer)) co_return;
  if (!dialled) co_return co_await linger(client_);
  if (own) co_return co_await serve_http(Site(Site::Kind::own, tunnel_url(authority)));
  co_await serve_tunnel(tunnel_url(authority));
}

/// HostScope: why nobody may connect to there; empty: one may.
std::string ClientSession::refusal(const http1::Authority& to) const {
  return core_.pipeline.get().pipeline->scope().refusal(destination_of(to));
}

/// What is out of scope is recorded.
bool ClientSession::may_reach(const http1::Authority& target) {
  auto why = refusal(target);
  if (why.empty()) return true;
  log(LogLevel::info, fmt::format("{}: {}", target.text(), why));
  record(tunnel_url(target), ConnectionKind::blocked, std::move(why));
  return false;
}

asio::awaitable<Result<void>> ClientSession::dial_tunnel(const http1::Authority& target) {
  auto stream = co_await core_.connect(Target(target.host, target.port));
  if (!stream) co_return std::unexpected(stream.error());
  server_ = std::move(*stream);
  facts_.server.address = server_.io->peer();
  co_return Result<void>();
}

void ClientSession::record(const http1::Url& url, ConnectionKind kind, std::string reason,
                           std::array<std::uint64_t, 2> bytes) {
  pipeline::ConnectionFacts facts = facts_;
  facts.url = url.authority.text();
  facts.request_head = connect_head_;
  core_.record(kind, std::move(facts), start_ns_, std::move(reason), bytes);
}

}  // namespace wstap::net

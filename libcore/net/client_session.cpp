// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/client_session.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
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

ClientSession::ClientSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlot slot,
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
  asio::co_spawn(seat_.worker.io(), run(), [self = shared_from_this()](std::exception_ptr failed) {
    if (!failed) return;
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& fault) {
      self->log(LogLevel::error, fmt::format("internal error: {}", fault.what()));
    }
  });
}

void ClientSession::cancel() {
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
      // TLS to the port itself: wstap is the server (--reverse), or a proxy that is reached over TLS.
      const auto name =
          core_.options.reverse ? core_.options.reverse->authority.host : std::string("localhost");
      const std::string fault = co_await accept_tls(name, only_http1(), {});
      if (!fault.empty() && core_.options.reverse) record(reverse_url(), ConnectionKind::failed, fault);
      if (!fault.empty()) co_return;
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

asio::awaitable<void> ClientSession::serve_port() {
  const Opening opening = co_await sniff_client();
  if (core_.options.reverse) {
    if (opening == Opening::http1 || opening == Opening::other) {
      co_await serve_http(Site(Site::Kind::upstream, reverse_url()));
      co_return;
    }
    const auto url = reverse_url();
    if (!may_reach(url.authority)) co_return;
    if (auto dialled = co_await dial_tunnel(url.authority); !dialled) {
      record(url, ConnectionKind::failed, dialled.error().text());
      co_return;
    }
    if (url.secure()) {
      if (auto ok = co_await start_upstream_tls(core_, seat_, server_, url.authority.host, {}, facts_.server);
          !ok) {
        record(url, ConnectionKind::failed, ok.error().text());
        co_return;
      }
    }
    co_await relay_as_opaque(url, opening == Opening::h2_preface ? "h2c" : "not HTTP");
    co_return;
  }
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

/// HostScope. What is out of it is recorded.
bool ClientSession::may_reach(const http1::Authority& target) {
  auto why = core_.pipeline.get().pipeline->scope().refusal(destination_of(target));
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

/// Why a tunnel to there may not be relayed unread; empty: it may.
std::string ClientSession::refusal_unread(const http1::Authority& to) const {
  return core_.pipeline.get().pipeline->scope().refusal_unread(destination_of(to));
}

/// Waits for the client to say what it speaks; not when its server speaks first, and for a moment only, but
/// where the tunnel may not be relayed unread.
asio::awaitable<ClientSession::TunnelOpening> ClientSession::sniff_tunnel(const http1::Authority& target) {
  struct Patience {
    explicit Patience(asio::io_context& io) : timer(io) {}
    asio::steady_timer timer;
    const char* over = nullptr;  ///< why
  };
  const auto patience = std::make_shared<Patience>(seat_.worker.io());
  Transport* const client = client_.io.get();
  // Outlives neither: the session ends after this coroutine, and the handlers find the patience over or
  // cancelled.
  const auto run_out = [patience, client, weak = weak_from_this()](const char* why) {
    const auto alive = weak.lock();
    if (!alive || patience->over != nullptr) return;
    patience->over = why;
    client->interrupt();
  };
  if (core_.options.detect_timeout.count() != 0 && refusal_unread(target).empty()) {
    patience->timer.expires_after(core_.options.detect_timeout);
    patience->timer.async_wait([run_out](std::error_code cancelled) {
      if (!cancelled) run_out("silent client");
    });
  }
  watch_speech(server_,
               [run_out](IoStatus said) { run_out(said == IoStatus::ok ? "server spoke first" : "closed"); });

  TunnelOpening opening{sniff(client_.unread)};
  while (opening.kind == Opening::need_more && patience->over == nullptr && !client_.io->cancelled()) {
    const IoStatus status = read_once(client_, 4096);
    opening.kind = sniff(client_.unread);
    if (status == IoStatus::would_block) {
      co_await client_.io->readable();
    } else if (status != IoStatus::ok) {
      if (client_.unread.empty()) opening.why_unread = "closed";
      break;
    }
  }
  if (opening.kind == Opening::need_more) {
    if (patience->over != nullptr) opening.why_unread = patience->over;
    opening.kind = Opening::other;
  }
  if (opening.kind == Opening::h2_preface) opening.why_unread = "h2c";
  patience->over = "known";
  patience->timer.cancel();
  server_.io->unwatch_readable();
  co_return opening;
}

asio::awaitable<void> ClientSession::serve_tunnel(http1::Url url) {
  const TunnelOpening opening = co_await sniff_tunnel(url.authority);
  if (opening.kind == Opening::tls) {
    co_await intercept_tls(std::move(url));
  } else if (opening.kind == Opening::http1) {
    co_await serve_http(Site(Site::Kind::tunnel, std::move(url)));
  } else {
    co_await relay_as_opaque(url, opening.why_unread);
  }
}

/// TLS inside a tunnel: the upstream's handshake first, since what it shows decides what the client is shown.
asio::awaitable<void> ClientSession::intercept_tls(http1::Url url) {
  url.scheme = "https";
  const auto text = url.authority.text();
  url.host_field = url.authority.port == 443 ? text.substr(0, text.rfind(':')) : text;
  auto hello = co_await read_client_hello(client_, core_.options.handshake_timeout);
  if (!hello) {
    record(url, ConnectionKind::failed, hello.error().text());
    co_return;
  }
  const auto& name = hello->server_name.empty() ? url.authority.host : hello->server_name;
  const auto upstream =
      co_await start_upstream_tls(core_, seat_, server_, name, upstream_alpn(*hello), facts_.server);
  std::vector<std::string> alpn;
  std::vector<std::string> names;
  Site site(Site::Kind::tunnel, url);
  if (upstream) {
    if (!facts_.server.tls->alpn.empty()) alpn.push_back(facts_.server.tls->alpn);
    if (facts_.server.tls->certificate) names = facts_.server.tls->certificate->names;
  } else {
    // The client gets to know why, in the only place it looks for an answer (TLS-3).
    site.failure = upstream.error().text();
    alpn = only_http1();
    log(LogLevel::warning, fmt::format("{}: {}", url.authority.text(), site.failure));
  }
  const std::string fault = co_await accept_tls(url.authority.host, std::move(alpn), std::move(names));
  if (!fault.empty()) {
    record(url, ConnectionKind::failed, fault);
    co_return;
  }
  if (!upstream) {
    server_ = Stream();
    co_return co_await serve_http(std::move(site));
  }
  // Who agreed on HTTP may say nothing for as long as it likes (UPG-5).
  TunnelOpening opening{Opening::http1};
  if (facts_.server.tls->alpn != "http/1.1") opening = co_await sniff_tunnel(url.authority);
  if (opening.kind == Opening::http1) {
    co_await serve_http(std::move(site));
  } else {
    co_await relay_as_opaque(url, opening.why_unread);
  }
}

/// Completes the client's handshake with a leaf of wstap's own. @return why it failed; empty: it did not.
asio::awaitable<std::string> ClientSession::accept_tls(std::string fallback_name,
                                                       std::vector<std::string> alpn,
                                                       std::vector<std::string> names) {
  const auto accepted = co_await accept_client_tls(core_, seat_, client_, std::move(fallback_name),
                                                   std::move(alpn), std::move(names), facts_.client);
  if (accepted) co_return std::string();
  const auto& error = accepted.error();
  std::string why = "TLS with the client: " + error.text();
  log(LogLevel::warning, why);
  // That is how clients say that they do not know the authority.
  const bool refused = error.code == tls::Errc::refused || error.code == std::errc::connection_reset;
  if (refused) why += " (does it trust wstap's CA?)";
  co_return why;
}

asio::awaitable<void> ClientSession::relay_as_opaque(const http1::Url& url, std::string reason) {
  if (const auto why = refusal_unread(url.authority); !why.empty()) {
    // Nothing was said that somebody should hear.
    if (reason == "closed") co_return record(url, ConnectionKind::opaque, std::move(reason));
    log(LogLevel::info, fmt::format("{}: {}", url.authority.text(), why));
    record(url, ConnectionKind::blocked, fmt::format("{} ({})", why, reason));
    co_return;
  }
  log(LogLevel::info, fmt::format("{}: relaying unread: {}", url.authority.text(), reason));
  const auto bytes = co_await relay_opaque(client_, server_);
  record(url, ConnectionKind::opaque, std::move(reason), bytes);
}

void ClientSession::record(const http1::Url& url, ConnectionKind kind, std::string reason,
                           std::array<std::uint64_t, 2> bytes) {
  pipeline::ConnectionRecord entry;
  entry.id = core_.new_flow_id();
  entry.start_ns = start_ns_;
  entry.end_ns = core_.now();
  entry.kind = kind;
  entry.facts = facts_;
  entry.facts.url = url.authority.text();
  entry.facts.request_head = connect_head_;
  entry.reason = std::move(reason);
  entry.bytes = bytes;
  core_.record(entry);
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// What is inside a client's tunnel: TLS that is intercepted, HTTP of either version, or something that is
// relayed unread (UPG-5, TLS-1).
#include <fmt/format.h>

#include "libcore/net/bridged_dial.h"
#include "libcore/net/client_session.h"
#include "libcore/net/opaque_relay.h"
#include "libcore/net/tls_accept.h"
#include "libcore/net/tls_dial.h"
#include "libcore/tls/errors.h"

namespace wstap::net {

using pipeline::ConnectionKind;

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
  watch_speech(server_, [run_out, this](IoStatus said) {
    if (said == IoStatus::ok && begins_with_settings(server_.unread)) return;
    run_out(said == IoStatus::ok ? "server spoke first" : "closed");
  });

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
  } else if (opening.kind == Opening::h2_preface) {
    const auto name = url.authority.host;
    co_await serve_h2(Site(Site::Kind::tunnel, std::move(url)), name);
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
  const auto name = hello->server_name.empty() ? url.authority.host : hello->server_name;
  const auto upstream =
      co_await start_server_tls(*hello, Target(url.authority.host, url.authority.port), name);
  std::vector<std::string> alpn;
  std::vector<std::string> names;
  Site site(Site::Kind::tunnel, url);
  if (upstream) {
    alpn = client_alpn(*hello);
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
  if (facts_.client.tls->alpn == "h2") co_return co_await serve_h2(std::move(site), name);
  // Who agreed on HTTP may say nothing for as long as it likes (UPG-5).
  TunnelOpening opening{Opening::http1};
  const bool agreed = facts_.client.tls->alpn == "http/1.1" || is_bridged();
  if (!agreed) opening = co_await sniff_tunnel(url.authority);
  if (opening.kind == Opening::http1) {
    co_await serve_http(std::move(site));
  } else {
    co_await relay_as_opaque(url, opening.why_unread);
  }
}

/// TLS with the upstream on behalf of a client that said this.
asio::awaitable<Result<void>> ClientSession::start_server_tls(const tls::ClientHello& hello, Target target,
                                                              std::string name) {
  const bool bridge = core_.options.bridge;
  if (bridge && !offers_http2(hello))
    co_return co_await start_tls_for_http1(core_, seat_, server_, std::move(target), std::move(name),
                                           facts_.server);
  co_return co_await start_upstream_tls(core_, seat_, server_, std::move(name), upstream_alpn(hello, bridge),
                                        facts_.server);
}

/// What that client may agree on: what the upstream did, unless wstap translates.
std::vector<std::string> ClientSession::client_alpn(const tls::ClientHello& hello) const {
  if (core_.options.bridge && offers_http2(hello)) return {"h2"};
  if (is_bridged()) return only_http1();
  const auto& agreed = facts_.server.tls->alpn;
  return agreed.empty() ? std::vector<std::string>() : std::vector<std::string>{agreed};
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

}  // namespace wstap::net

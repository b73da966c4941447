// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/h2_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/h2/translation.h"
#include "libcore/net/errors.h"
#include "libcore/net/h2_exchange.h"
#include "libcore/net/http_exchange.h"
#include "libcore/net/tls_dial.h"

namespace wstap::net {
namespace {

constexpr std::string_view kAlpn = "h2";
// So long the end of the connection may take, beyond that of its WebSockets, when wstap stops.
constexpr std::chrono::milliseconds kLastPatience{2'000};

/// One certificate name, which may begin with a label of "*" (RFC 6125 6.4.3).
bool is_name_of(std::string_view name, std::string_view host) {
  if (!name.starts_with("*.")) return iequals(name, host);
  const auto dot = host.find('.');
  return dot != std::string_view::npos && dot != 0 && iequals(name.substr(1), host.substr(dot));
}

}  // namespace

class H2Session::ClientSide final : public H2Connection::Owner {
 public:
  explicit ClientSide(H2Session& session) : session_(session) {}
  void opened(std::unique_ptr<H2Stream> stream) override {
    std::make_shared<H2Exchange>(session_.shared_from_this(), std::move(stream))->start();
  }
  void refused(h2::StreamId stream, std::string_view why) override {
    session_.log(LogLevel::info, fmt::format("HTTP/2: the request on stream {} is refused: {}", stream, why));
  }
  void settled(const h2::PeerSettings&) override {}
  void over() override { session_.client_over_.wake(); }

 private:
  H2Session& session_;
};

class H2Session::ServerSide final : public H2Connection::Owner {
 public:
  explicit ServerSide(H2Session& session) : session_(session) {}
  /// Servers open none: they were told not to push.
  void opened(std::unique_ptr<H2Stream> stream) override { stream->give_up(h2::Code::refused_stream); }
  void settled(const h2::PeerSettings& settings) override {
    if (settings.connect_protocol && session_.client_) session_.client_->announce_connect_protocol();
  }
  void over() override {}

 private:
  H2Session& session_;
};

H2Session::H2Session(ProxyCore& core, WorkerSeat& seat, ConnectionSlotPtr slot, Site site, std::string name,
                     pipeline::ConnectionFacts facts)
    : core_(core),
      seat_(seat),
      slot_(std::move(slot)),
      site_(std::move(site)),
      name_(std::move(name)),
      facts_(std::move(facts)),
      client_side_(std::make_unique<ClientSide>(*this)),
      server_side_(std::make_unique<ServerSide>(*this)),
      http1_(core, seat, site_.url, name_),
      last_resort_(seat.worker.io()),
      client_over_(seat.worker.io().get_executor()),
      dialled_(seat.worker.io().get_executor()) {
  facts_.client.http_version = "HTTP/2";
}

H2Session::~H2Session() {
  if (client_) client_->disown();
  if (server_) server_->disown();
}

asio::awaitable<void> H2Session::run(Stream client, Stream server) {
  const auto self = shared_from_this();
  co_await meet_upstream(std::move(server));
  client_ = std::make_shared<H2Connection>(seat_.worker, std::move(client), h2::Role::server,
                                           h2_limits(HeadRules(core_.options).limits));
  h2::PeerSettings theirs;
  if (server_) theirs = server_->peer_settings();
  // Who bridges can always offer WebSockets: over HTTP/1 if need be.
  client_->start(*client_side_, theirs.connect_protocol || core_.options.bridge, theirs.streams);
  if (stopping_) client_->drain();
  // Who opens a connection says something on it.
  asio::steady_timer patience(seat_.worker.io(), core_.options.handshake_timeout);
  if (core_.options.handshake_timeout.count() != 0)
    patience.async_wait([weak = std::weak_ptr(client_)](std::error_code cancelled) {
      const auto connection = weak.lock();
      if (!cancelled && connection && !connection->settled()) connection->cancel();
    });
  while (!client_->over()) co_await client_over_.wait();
  last_resort_.cancel();
  if (const auto& error = client_->error(); error.code && error.code != Errc::peer_closed)
    log(LogLevel::info, "HTTP/2: " + error.text());
}

/// Finds out what the upstream speaks: TLS has told; in the clear it shows when it is spoken to.
asio::awaitable<void> H2Session::meet_upstream(Stream server) {
  if (!server) co_return;  // each request finds out why
  if (facts_.server.tls && facts_.server.tls->alpn != kAlpn)
    co_return http1_.put(std::move(server), facts_.server);
  facts_.server.http_version = "HTTP/2";
  co_await begin_upstream(std::move(server));
  if (!core_.options.bridge || facts_.server.tls || server_->settled()) co_return;
  server_->disown();
  server_->cancel();
  server_.reset();
}

asio::awaitable<void> H2Session::begin_upstream(Stream stream) {
  if (server_) server_->disown();
  server_ = std::make_shared<H2Connection>(seat_.worker, std::move(stream), h2::Role::client,
                                           h2_limits(HeadRules(core_.options).limits));
  const auto connection = server_;
  connection->start(*server_side_, false);
  co_await connection->first_settings();
}

asio::awaitable<Result<std::unique_ptr<HttpStream>>> H2Session::request(const h2::Fields& head, bool last,
                                                                        pipeline::Leg& leg) {
  if (!server_) co_return co_await http1_.request(head, last, leg);
  const auto connection = co_await upstream();
  if (!connection) co_return std::unexpected(connection.error());
  leg = facts_.server;
  if (h2::is_websocket_request(head) && !(*connection)->peer_settings().connect_protocol) {
    if (core_.options.bridge) co_return co_await http1_.request(head, last, leg);
    co_return fail(Errc::protocol,
                   fmt::format("{} takes no WebSockets over HTTP/2 (no SETTINGS_ENABLE_CONNECT_PROTOCOL)",
                               site_.url.authority.text()));
  }
  auto stream = (*connection)->request(head, last);
  if (!stream) co_return std::unexpected(stream.error());
  co_return std::unique_ptr<HttpStream>(std::move(*stream));
}

asio::awaitable<Result<std::shared_ptr<H2Connection>>> H2Session::upstream() {
  while (dialling_) co_await dialled_.wait();
  if (server_->takes_requests()) co_return server_;
  dialling_ = true;
  auto stream = co_await dial();
  if (stream) co_await begin_upstream(std::move(*stream));
  dialling_ = false;
  dialled_.wake();
  if (!stream) co_return std::unexpected(stream.error());
  if (!server_->takes_requests())
    co_return fail(Errc::peer_closed,
                   fmt::format("{}: the HTTP/2 connection ended", site_.url.authority.text()));
  co_return server_;
}

asio::awaitable<Result<Stream>> H2Session::dial() {
  std::vector<std::string> alpn = {std::string(kAlpn)};
  auto stream =
      co_await dial_upstream(core_, seat_, Target(site_.url.authority.host, site_.url.authority.port),
                             site_.url.secure(), name_, std::move(alpn), facts_.server);
  if (!stream) co_return stream;
  facts_.server.http_version = "HTTP/2";
  if (site_.url.secure() && facts_.server.tls->alpn != kAlpn)
    co_return fail(Errc::protocol, fmt::format("{} does not speak HTTP/2 any more", name_));
  co_return stream;
}

bool H2Session::covers(std::string_view host) const {
  if (iequals(host, site_.url.authority.host) || iequals(host, name_)) return true;
  // In the clear there is no certificate, and whoever listens is who is meant.
  if (!facts_.server.tls) return true;
  const auto& certificate = facts_.server.tls->certificate;
  return certificate && std::ranges::any_of(certificate->names,
                                            [&](const std::string& name) { return is_name_of(name, host); });
}

void H2Session::stop() {
  const bool again = std::exchange(stopping_, true);
  if (server_ && again) server_->cancel();
  if (!client_) {
    if (server_) server_->cancel();
    return;
  }
  if (again) return client_->cancel();
  client_->drain();
  last_resort_.expires_after(core_.options.relay.farewell_timeout + kLastPatience);
  last_resort_.async_wait([weak = std::weak_ptr(client_)](std::error_code cancelled) {
    const auto connection = weak.lock();
    if (!cancelled && connection) connection->cancel();
  });
  // Those that end take themselves out.
  for (H2Exchange* exchange : std::vector(exchanges_.begin(), exchanges_.end())) exchange->cancel();
}

void H2Session::log(LogLevel level, std::string_view text) {
  core_.log(level, fmt::format("{}: {}", facts_.client.address, text));
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/http_session.h"

#include <fmt/format.h>

#include <asio/this_coro.hpp>

#include "libcore/http1/errors.h"
#include "libcore/http1/reply.h"
#include "libcore/http1/upgrade.h"
#include "libcore/net/agreed_flow.h"
#include "libcore/net/body_pump.h"
#include "libcore/net/ca_site.h"
#include "libcore/net/errors.h"
#include "libcore/net/read_head.h"
#include "libcore/net/tls_dial.h"

namespace wstap::net {

using pipeline::ConnectionKind;

/// One request and what becomes of it.
struct HttpSession::Exchange {
  http1::RequestHead request;
  Buffer request_head;   ///< as received
  Buffer response_head;  ///< as received, once there is one
  http1::Url url;        ///< where it goes
  bool upgrade = false;
  bool retried = false;
  bool client_gone = false;
  bool awaits_continue = false;  ///< the client may not send its body unless it is told to
  UnixNs start_ns = 0;
  RequestBody body;
};

namespace {

// How long a client that is still sending its body may go on after a response that ends the connection.
constexpr std::chrono::milliseconds kLinger{2'000};

bool same_server(const http1::Url& a, const http1::Url& b) {
  return a.secure() == b.secure() && a.authority == b.authority;
}

}  // namespace

HttpSession::HttpSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlot& slot, Site site, Stream& client,
                         Stream& server, pipeline::ConnectionFacts& facts)
    : core_(core),
      seat_(seat),
      slot_(slot),
      site_(std::move(site)),
      client_(client),
      server_(server),
      facts_(facts),
      server_url_(site_.url),
      strictness_(core.options.lenient_heads ? http1::Strictness::lenient : http1::Strictness::strict),
      limits_{core.options.max_head_bytes, core.options.max_head_fields} {}

asio::awaitable<HttpEnd> HttpSession::run() {
  HttpEnd end = co_await serve_requests();
  if (end.kind == HttpEnd::Kind::over) co_await linger(client_);
  co_return end;
}

asio::awaitable<HttpEnd> HttpSession::serve_requests() {
  HttpEnd end;
  for (;;) {
    auto exchange = co_await read_request();
    if (!exchange) co_return end;
    if (!co_await admit(*exchange, end)) co_return end;
    if (auto reached = co_await reach_upstream(*exchange); !reached) {
      co_await give_up(*exchange, http_status_for(reached.error().code), reached.error().text());
      co_return end;
    }
    const bool keep = co_await pass_on(*exchange);
    if (handed_over_) end.kind = HttpEnd::Kind::handed_over;
    if (!keep) co_return end;
  }
}

/// Waits for the first bytes of a request; between two of them a client may be silent for as long as it
/// likes.
/// @return false when there will be none.
asio::awaitable<bool> HttpSession::await_request() {
  // A tunnel is one connection on both sides: the client must not find out by its next request that it is
  // over.
  const bool bound = site_.kind == Site::Kind::tunnel && server_;
  if (bound)
    watch_speech(server_, [client = client_.io.get()](IoStatus) {
      client->shutdown_send();
      client->cancel();
    });
  const IoStatus status = co_await fill(client_);
  if (bound) server_.io->unwatch_readable();
  co_return status == IoStatus::ok;
}

/// @return nothing when there is no further request; a bad one has been answered.
asio::awaitable<std::optional<HttpSession::Exchange>> HttpSession::read_request() {
  client_.consume(http1::blank_prefix(client_.unread));
  if (client_.unread.empty()) {
    if (!co_await await_request()) co_return std::nullopt;
    client_.consume(http1::blank_prefix(client_.unread));
  }
  const Deadline deadline(co_await asio::this_coro::executor, *client_.io, core_.options.handshake_timeout);
  const auto length = co_await read_head(client_, limits_);
  if (deadline.passed()) {
    core_.log(LogLevel::info,
              fmt::format("{}: limit hit: no complete request within {} ms (--handshake-timeout)",
                          facts_.client.address, core_.options.handshake_timeout.count()));
    co_return std::nullopt;
  }
  if (!length || !*length) {
    if (!length) co_await refuse_request(length.error());
    co_return std::nullopt;
  }
  Exchange exchange;
  exchange.start_ns = core_.now();
  exchange.request_head = to_buffer(Bytes(client_.unread).first(**length));
  client_.consume(**length);
  auto parsed = http1::parse_request(exchange.request_head, strictness_, limits_);
  if (!parsed) {
    co_await refuse_request(parsed.error());
    co_return std::nullopt;
  }
  exchange.request = std::move(*parsed);
  exchange.upgrade = http1::is_websocket_upgrade(exchange.request);
  exchange.awaits_continue = exchange.request.fields.has_token("Expect", "100-continue");
  co_return exchange;
}

asio::awaitable<bool> HttpSession::refuse_request(const Error& error) {
  core_.log(LogLevel::info,
            fmt::format("{}: bad request at byte {}: {}", facts_.client.address, error.offset, error.text()));
  if (error.code.category() == http1::category())
    co_await reply(http1::error_reply(http1::status_for(error.code), error.text()));
  co_return false;
}

/// Finds out where a request goes. @return false when it was answered here, or is a CONNECT for `end`.
asio::awaitable<bool> HttpSession::admit(Exchange& exchange, HttpEnd& end) {
  auto& request = exchange.request;
  if (site_.kind == Site::Kind::any && core_.options.credentials) {
    const auto* given = request.fields.find("Proxy-Authorization");
    const auto& wanted = *core_.options.credentials;
    if (given == nullptr || !http1::basic_credentials_match(*given, wanted.user, wanted.password)) {
      co_await reply(http1::proxy_auth_reply());
      co_return false;
    }
  }
  if (request.method == "CONNECT") {
    if (site_.kind != Site::Kind::any) co_return co_await give_up(exchange, 501, "CONNECT inside a tunnel");
    auto target = http1::parse_authority(request.target, 0);
    if (!target) co_return co_await refuse_request(target.error());
    end.kind = HttpEnd::Kind::connect;
    end.target = std::move(*target);
    end.connect_head = std::move(exchange.request_head);
    co_return false;
  }
  if (http1::is_absolute_form(request.target)) {
    auto url = http1::parse_url(request.target);
    if (!url) co_return co_await refuse_request(url.error());
    exchange.url = std::move(*url);
    http1::address_to_origin(request, &exchange.url);
  } else {
    exchange.url = site_.url;
    exchange.url.path = request.target;
    http1::address_to_origin(request, nullptr);
    if (const auto* host = request.fields.find("Host")) exchange.url.host_field = *host;
  }
  if (is_ca_site(exchange.url.authority.host) ||
      (site_.kind == Site::Kind::any && is_ca_site(exchange.url.host_field)))
    co_return co_await serve_own(exchange);
  if (site_.kind == Site::Kind::any && exchange.url.authority.host.empty())
    co_return co_await give_up(
        exchange, 400,
        "this is a proxy: configure it as one, or start it with --reverse URL to put it in "
        "front of one server");
  // Inside a tunnel, and behind --reverse, the connection decides where requests go, not what they say.
  if (site_.kind != Site::Kind::any)
    exchange.url.authority = site_.url.authority, exchange.url.scheme = site_.url.scheme;
  if (!site_.failure.empty()) {
    // Recorded whatever was asked for: TLS-3.
    if (!exchange.upgrade) record(exchange, ConnectionKind::failed, site_.failure);
    co_return co_await give_up(exchange, 502, site_.failure);
  }
  co_return true;
}

asio::awaitable<bool> HttpSession::serve_own(const Exchange& exchange) {
  co_await reply(ca_site_reply(exchange.request.method, exchange.url.path, core_.parts.tls));
  co_return false;
}

asio::awaitable<Result<void>> HttpSession::reach_upstream(Exchange& exchange) {
  if (server_ && same_server(server_url_, exchange.url)) co_return Result<void>();
  if (site_.kind == Site::Kind::tunnel) co_return fail(Errc::peer_closed, site_.url.authority.text());
  server_ = Stream();
  server_used_ = false;
  facts_.server = {};
  const Target target{exchange.url.authority.host, exchange.url.authority.port};
  auto stream = co_await core_.connect(target);
  if (!stream) co_return std::unexpected(stream.error());
  server_ = std::move(*stream);
  server_url_ = exchange.url;
  facts_.server.address = server_.io->peer();
  if (!exchange.url.secure()) co_return Result<void>();
  co_return co_await start_upstream_tls(core_, seat_, server_, target.host, only_http1(), facts_.server);
}

/// One request and its responses. @return whether the client's connection goes on.
asio::awaitable<bool> HttpSession::pass_on(Exchange& exchange) {
  if (!exchange.upgrade) http1::strip_hop_by_hop(exchange.request);
  const auto framing = http1::framing_of(exchange.request);
  if (!co_await send_request(exchange)) co_return co_await lost_upstream(exchange);
  if (framing.kind != http1::BodyFraming::Kind::none)
    exchange.body.start(co_await asio::this_coro::executor, client_, *server_.io, framing);
  const bool keep = co_await read_responses(exchange);
  if (handed_over_) co_return false;
  if (exchange.body.running() && (!keep || exchange.awaits_continue)) {
    // The answer is there before the question was complete, and nobody wants the rest: let the client see it.
    client_.io->shutdown_send();
    server_.io->cancel();
    co_await exchange.body.finish(kLinger);
    co_return false;
  }
  const bool whole = co_await exchange.body.finish(std::nullopt);
  co_return whole&& keep;
}

asio::awaitable<bool> HttpSession::send_request(Exchange& exchange) {
  const std::string text = exchange.request.text();
  if (co_await write_all(*server_.io, as_bytes(text))) co_return true;
  // A connection that was kept may have been closed in the meantime.
  if (!server_used_ || site_.kind == Site::Kind::tunnel) co_return false;
  server_ = Stream();
  if (!co_await reach_upstream(exchange)) co_return false;
  co_return co_await write_all(*server_.io, as_bytes(text));
}

asio::awaitable<Result<http1::ResponseHead>> HttpSession::read_response_head(Exchange& exchange) {
  // Only what may become a WebSocket has a bound: other responses may take as long as their server likes.
  std::optional<Deadline> deadline;
  const auto executor = co_await asio::this_coro::executor;
  const auto limit = [&](std::chrono::milliseconds patience) {
    deadline.emplace(executor, *server_.io, patience);
  };
  if (exchange.upgrade) limit(core_.options.handshake_timeout);
  // A client that has gone wants no response any more; one that only said its last word gets some time for
  // it.
  const auto heard = [&](IoStatus said) {
    exchange.client_gone = said == IoStatus::failed;
    if (exchange.client_gone) return server_.io->cancel();
    if (said != IoStatus::ok && !deadline) limit(core_.options.handshake_timeout);
  };
  exchange.body.then([&] { watch_speech(client_, heard); });
  const auto length = co_await read_head(server_, limits_);
  exchange.body.then({});
  client_.io->unwatch_readable();
  if (deadline && deadline->passed())
    co_return fail(Errc::timed_out, fmt::format("{}: no response within {} ms", server_url_.authority.text(),
                                                core_.options.handshake_timeout.count()));
  if (!length) co_return std::unexpected(length.error());
  if (!*length)
    co_return fail(Errc::peer_closed, fmt::format("{}: no response", server_url_.authority.text()));
  exchange.response_head = to_buffer(Bytes(server_.unread).first(**length));
  server_.consume(**length);
  co_return http1::parse_response(exchange.response_head, strictness_, limits_);
}

asio::awaitable<bool> HttpSession::read_responses(Exchange& exchange) {
  for (;;) {
    auto head = co_await read_response_head(exchange);
    if (!head && head.error().code == Errc::peer_closed && server_used_ && !exchange.retried &&
        exchange.body.complete() && exchange.response_head.empty() && server_.unread.empty() &&
        site_.kind != Site::Kind::tunnel && !exchange.client_gone && !seat_.stopping) {
      // A kept connection that ends without a word: the server closed it before it saw the request (RFC
      // 9112 9.3.1).
      exchange.retried = true;
      server_ = Stream();
      if (co_await reach_upstream(exchange) && co_await send_request(exchange)) continue;
    }
    if (!head) co_return co_await no_response(exchange, head.error());
    if (!head->is_interim()) co_return co_await respond(exchange, std::move(*head));
    if (head->status == 100) exchange.awaits_continue = false;
    const std::string text = head->text();
    if (!co_await write_all(*client_.io, as_bytes(text))) co_return false;
  }
}

asio::awaitable<bool> HttpSession::respond(Exchange& exchange, http1::ResponseHead head) {
  if (exchange.upgrade && http1::completes_websocket_upgrade(head))
    co_return co_await open_flow(exchange, head);
  if (head.status == 101)
    co_return co_await give_up(exchange, 502, "the upstream switched protocols without being asked to");
  if (exchange.upgrade) {
    record(exchange, ConnectionKind::refused, fmt::format("{} {}", head.status, head.reason));
  } else {
    http1::strip_hop_by_hop(head);
  }
  server_used_ = true;
  const auto framing = http1::framing_of(head, exchange.request.method);
  const bool keep = http1::keeps_alive(exchange.request) && http1::keeps_alive(head) &&
                    framing.kind != http1::BodyFraming::Kind::until_close;
  const std::string text = head.text();
  if (!co_await write_all(*client_.io, as_bytes(text))) co_return false;
  const PumpEnd end = co_await pump_body(server_, *client_.io, http1::BodyReader(framing));
  if (end == PumpEnd::sender_gone) client_.io->reset();  // so that a cut body is not taken for a whole one
  co_return end == PumpEnd::done&& keep;
}

/// The 101 came: from here on it is a WebSocket.
asio::awaitable<bool> HttpSession::open_flow(Exchange& exchange, const http1::ResponseHead& response) {
  pipeline::FlowOpened opened = agreed_flow(exchange.request.fields, response.fields);
  opened.id = core_.new_flow_id();
  opened.time_ns = core_.now();
  facts_.url = websocket_url(exchange.url);
  facts_.client.http_version = exchange.request.version;
  facts_.server.http_version = response.version;
  opened.facts = facts_;
  opened.facts.request_head = exchange.request_head;
  opened.facts.response_head = exchange.response_head;

  auto flow = std::make_unique<pipeline::Flow>(
      std::move(opened), core_.pipeline,
      pipeline::LaneContext{core_.options.flow, core_.parts.tap, seat_.worker.entropy(), core_.counters});
  if (auto recorded = flow->open(); !recorded) {
    core_.recording_failed(recorded.error());
    co_return false;
  }
  const std::string text = response.text();
  if (!co_await write_all(*client_.io, as_bytes(text))) {
    flow->ended(ws::Direction::send, pipeline::StreamEnd::reset, {});
    if (auto recorded = flow->finish(core_.now()); !recorded) core_.recording_failed(recorded.error());
    co_return false;
  }
  handed_over_ = true;
  core_.start_relay(seat_, std::move(slot_), std::move(client_), std::move(server_), std::move(flow));
  co_return false;
}

/// Answers in the place of a server that does not. @return false: the connection ends.
asio::awaitable<bool> HttpSession::no_response(Exchange& exchange, const Error& error) {
  if (seat_.stopping) co_return co_await give_up(exchange, 503, "wstap is stopping");
  if (exchange.client_gone) co_return co_await give_up(exchange, 502, "the client went away");
  if (exchange.body.broken())
    co_return co_await give_up(exchange, 400, "the request's body is malformed, or was cut off");
  if (error.code == Errc::peer_closed && exchange.response_head.empty() && server_.unread.empty())
    co_return co_await lost_upstream(exchange);
  co_return co_await give_up(exchange, http_status_for(error.code), "upstream: " + error.text());
}

/// The upstream went away without a word. @return false: the connection ends.
asio::awaitable<bool> HttpSession::lost_upstream(Exchange& exchange) {
  std::string reason =
      fmt::format("{}: the upstream closed the connection, no response", server_url_.authority.text());
  // A client whose kept connection ends tries again; an answer would tell it that the server has failed.
  if (site_.kind != Site::Kind::tunnel || !server_used_)
    co_return co_await give_up(exchange, 502, std::move(reason));
  if (exchange.upgrade) record(exchange, ConnectionKind::failed, std::move(reason));
  co_return false;
}

/// Answers in the upstream's place. @return false: the connection ends.
asio::awaitable<bool> HttpSession::give_up(Exchange& exchange, int status, std::string reason) {
  if (exchange.upgrade) {
    record(exchange, ConnectionKind::failed, reason);
  } else {
    core_.log(LogLevel::info, fmt::format("{}: {} {}: {}", facts_.client.address, exchange.request.method,
                                          exchange.request.target, reason));
  }
  auto text = http1::error_reply(status, reason);
  if (exchange.request.method == "HEAD") text = http1::without_body(std::move(text));
  co_await reply(std::move(text));
  co_return false;
}

asio::awaitable<void> HttpSession::reply(std::string text) {
  co_await write_all(*client_.io, as_bytes(text));
}

void HttpSession::record(const Exchange& exchange, ConnectionKind kind, std::string reason) {
  pipeline::ConnectionRecord entry;
  entry.id = core_.new_flow_id();
  entry.start_ns = exchange.start_ns;
  entry.end_ns = core_.now();
  entry.kind = kind;
  entry.facts = facts_;
  entry.facts.url = exchange.upgrade ? websocket_url(exchange.url) : http_url(exchange.url);
  entry.facts.client.http_version = exchange.request.version;
  entry.facts.request_head = exchange.request_head;
  entry.facts.response_head = exchange.response_head;
  entry.reason = std::move(reason);
  core_.record(entry);
}

}  // namespace wstap::net

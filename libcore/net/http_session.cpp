// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/http_session.h"

#include <fmt/format.h>

#include <asio/this_coro.hpp>

#include "libcore/http1/errors.h"
#include "libcore/http1/reply.h"
#include "libcore/http1/upgrade.h"
#include "libcore/net/agreed_flow.h"
#include "libcore/net/ca_site.h"
#include "libcore/net/errors.h"
#include "libcore/net/read_head.h"

namespace wstap::net {

using pipeline::ConnectionKind;

namespace {

// How long a client that is still sending its body may go on after a response that ends the connection.
constexpr std::chrono::milliseconds kLinger{2'000};

}  // namespace

HttpSession::HttpSession(ProxyCore& core, WorkerSeat& seat, ConnectionSlotPtr slot, Site site, Stream& client,
                         Stream& server, pipeline::ConnectionFacts& facts)
    : core_(core),
      seat_(seat),
      slot_(std::move(slot)),
      site_(std::move(site)),
      client_(client),
      facts_(facts),
      upstream_(core, seat, site_, server, facts.server) {}

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
    if (auto reached = co_await upstream_.reach(exchange->url); !reached) {
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
  Stream& server = upstream_.stream();
  const bool bound = upstream_.bound() && server;
  if (bound)
    watch_speech(server, [client = client_.io.get()](IoStatus) {
      client->shutdown_send();
      client->cancel();
    });
  const IoStatus status = co_await fill(client_);
  if (bound) server.io->unwatch_readable();
  co_return status == IoStatus::ok;
}

/// @return nothing when there is no further request; a bad one has been answered.
asio::awaitable<std::optional<HttpExchange>> HttpSession::read_request() {
  client_.consume(http1::blank_prefix(client_.unread));
  if (client_.unread.empty()) {
    if (!co_await await_request()) co_return std::nullopt;
    client_.consume(http1::blank_prefix(client_.unread));
  }
  const Deadline deadline(co_await asio::this_coro::executor, *client_.io, core_.options.handshake_timeout);
  const HeadRules rules(core_.options);
  const auto length = co_await read_head(client_, rules.limits);
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
  HttpExchange exchange;
  exchange.start_ns = core_.now();
  exchange.request_head = to_buffer(Bytes(client_.unread).first(**length));
  client_.consume(**length);
  auto parsed = http1::parse_request(exchange.request_head, rules.strictness, rules.limits);
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
asio::awaitable<bool> HttpSession::admit(HttpExchange& exchange, HttpEnd& end) {
  // Held while the route is found: the pipeline may be replaced meanwhile.
  const auto pipeline = core_.pipeline.get().pipeline;
  Route found =
      route(site_, core_.options.credentials, pipeline->scope(), exchange.request, exchange.upgrade);
  exchange.url = std::move(found.url);
  switch (found.kind) {
    case Route::Kind::upstream: break;
    case Route::Kind::no_credentials: co_return co_await reply(http1::proxy_auth_reply());
    case Route::Kind::malformed: co_return co_await refuse_request(found.error);
    case Route::Kind::refused: co_return co_await give_up(exchange, found.status, std::move(found.reason));
    case Route::Kind::out_of_scope:
      co_return co_await refuse(exchange, ConnectionKind::blocked, found.status, std::move(found.reason));
    case Route::Kind::own_site:
      co_return co_await reply(ca_site_reply(exchange.request.method, exchange.url.path, core_.parts.tls));
    case Route::Kind::unreachable:
      record(exchange, ConnectionKind::failed, found.reason);
      co_return co_await answer(exchange, found.status, std::move(found.reason));
    case Route::Kind::connect:
      end.kind = HttpEnd::Kind::connect;
      end.target = std::move(exchange.url.authority);
      end.connect_head = std::move(exchange.request_head);
      co_return false;
  }
  if (exchange.upgrade)
    if (auto hit = core_.pipeline.limiter().admit(destination_of(exchange.url, true), core_.now()))
      co_return co_await put_off(exchange, std::move(*hit));
  const bool absolute = http1::is_absolute_form(exchange.request.target);
  http1::address_to_origin(exchange.request, absolute ? &exchange.url : nullptr);
  co_return true;
}

/// One request and its responses. @return whether the client's connection goes on.
asio::awaitable<bool> HttpSession::pass_on(HttpExchange& exchange) {
  if (!exchange.upgrade) http1::strip_hop_by_hop(exchange.request);
  const auto framing = http1::framing_of(exchange.request);
  if (!co_await upstream_.send(exchange)) co_return co_await lost_upstream(exchange);
  if (framing.kind != http1::BodyFraming::Kind::none)
    exchange.body.start(co_await asio::this_coro::executor, client_, *upstream_.stream().io, framing);
  const bool keep = co_await read_responses(exchange);
  if (handed_over_) co_return false;
  if (exchange.body.running() && (!keep || exchange.awaits_continue)) {
    // The answer is there before the question was complete, and nobody wants the rest: let the client see it.
    client_.io->shutdown_send();
    upstream_.stream().io->cancel();
    co_await exchange.body.finish(kLinger);
    co_return false;
  }
  const bool whole = co_await exchange.body.finish(std::nullopt);
  co_return whole&& keep;
}

asio::awaitable<bool> HttpSession::read_responses(HttpExchange& exchange) {
  for (;;) {
    auto head = co_await upstream_.next_response(exchange, client_);
    if (!head) co_return co_await no_response(exchange, head.error());
    if (!head->is_interim()) co_return co_await respond(exchange, std::move(*head));
    if (head->status == 100) exchange.awaits_continue = false;
    const std::string text = head->text();
    if (!co_await write_all(*client_.io, as_bytes(text))) co_return false;
  }
}

asio::awaitable<bool> HttpSession::respond(HttpExchange& exchange, http1::ResponseHead head) {
  if (exchange.upgrade && http1::completes_websocket_upgrade(head))
    co_return co_await open_flow(exchange, head);
  if (head.status == 101)
    co_return co_await give_up(exchange, 502, "the upstream switched protocols without being asked to");
  if (exchange.upgrade) {
    record(exchange, ConnectionKind::refused, fmt::format("{} {}", head.status, head.reason));
  } else {
    http1::strip_hop_by_hop(head);
  }
  upstream_.keep();
  const auto framing = http1::framing_of(head, exchange.request.method);
  const bool keep = http1::keeps_alive(exchange.request) && http1::keeps_alive(head) &&
                    framing.kind != http1::BodyFraming::Kind::until_close;
  const std::string text = head.text();
  if (!co_await write_all(*client_.io, as_bytes(text))) co_return false;
  const PumpEnd end = co_await pump_body(upstream_.stream(), *client_.io, http1::BodyReader(framing));
  if (end == PumpEnd::sender_gone) client_.io->reset();  // so that a cut body is not taken for a whole one
  co_return end == PumpEnd::done&& keep;
}

/// The 101 came: from here on it is a WebSocket.
asio::awaitable<bool> HttpSession::open_flow(HttpExchange& exchange, const http1::ResponseHead& response) {
  pipeline::FlowOpened opened = agreed_flow(exchange.request.fields, response.fields);
  if (!proves_upgrade(exchange.request.fields, response.fields))
    opened.anomalies.add(ws::Anomaly::wrong_accept);
  facts_.url = websocket_url(exchange.url);
  facts_.client.http_version = exchange.request.version;
  opened.target = exchange.url.authority.text();
  opened.facts = facts_;
  opened.facts.request_head = exchange.request_head;
  opened.facts.response_head = exchange.response_head;

  auto flow = core_.open_flow(seat_, std::move(opened));
  if (!flow) co_return false;
  const std::string text = response.text();
  if (!co_await write_all(*client_.io, as_bytes(text))) {
    flow->ended(ws::Direction::send, pipeline::StreamEnd::reset, {});
    if (auto recorded = flow->finish(core_.now()); !recorded) core_.recording_failed(recorded.error());
    co_return false;
  }
  handed_over_ = true;
  core_.start_relay(seat_, std::move(slot_), std::move(client_), std::move(upstream_.stream()),
                    std::move(flow));
  co_return false;
}

/// Answers in the place of a server that does not. @return false: the connection ends.
asio::awaitable<bool> HttpSession::no_response(HttpExchange& exchange, const Error& error) {
  if (seat_.stopping) co_return co_await give_up(exchange, 503, "wstap is stopping");
  if (exchange.client_gone) co_return co_await give_up(exchange, 502, "the client went away");
  if (exchange.body.broken())
    co_return co_await give_up(exchange, 400, "the request's body is malformed, or was cut off");
  if (error.code == Errc::peer_closed && upstream_.silent(exchange))
    co_return co_await lost_upstream(exchange);
  co_return co_await give_up(exchange, http_status_for(error.code), "upstream: " + error.text());
}

/// The upstream went away without a word. @return false: the connection ends.
asio::awaitable<bool> HttpSession::lost_upstream(HttpExchange& exchange) {
  std::string reason = fmt::format("{}: the upstream closed the connection, no response", upstream_.name());
  // A client whose kept connection ends tries again; an answer would tell it that the server has failed.
  if (!upstream_.bound() || !upstream_.kept()) co_return co_await give_up(exchange, 502, std::move(reason));
  if (exchange.upgrade) record(exchange, ConnectionKind::failed, std::move(reason));
  co_return false;
}

/// Says why, and answers in the upstream's place. @return false: the connection ends.
asio::awaitable<bool> HttpSession::give_up(HttpExchange& exchange, int status, std::string reason) {
  co_return co_await refuse(exchange, ConnectionKind::failed, status, std::move(reason));
}

/// @param kind  what is recorded of it, where a WebSocket or a tunnel was asked for.
asio::awaitable<bool> HttpSession::refuse(HttpExchange& exchange, ConnectionKind kind, int status,
                                          std::string reason) {
  const bool blocks_tunnel = kind == ConnectionKind::blocked && exchange.request.method == "CONNECT";
  if (exchange.upgrade || blocks_tunnel) {
    record(exchange, kind, reason);
  } else {
    core_.log(LogLevel::info, fmt::format("{}: {} {}: {}", facts_.client.address, exchange.request.method,
                                          exchange.request.target, reason));
  }
  co_return co_await answer(exchange, status, std::move(reason));
}

/// An upgrade that a limit is against, at least for now (LIM-5). @return false: the connection ends.
asio::awaitable<bool> HttpSession::put_off(const HttpExchange& exchange, pipeline::LimitHit hit) {
  record(exchange, ConnectionKind::blocked, hit.reason);
  co_return co_await reply(http1::too_many_reply(hit.retry_after_s(), hit.reason));
}

asio::awaitable<bool> HttpSession::answer(const HttpExchange& exchange, int status, std::string reason) {
  auto text = http1::error_reply(status, reason);
  if (exchange.request.method == "HEAD") text = http1::without_body(std::move(text));
  co_return co_await reply(std::move(text));
}

/// The last words on this connection. @return false: it ends.
asio::awaitable<bool> HttpSession::reply(std::string text) {
  co_await write_all(*client_.io, as_bytes(text));
  co_return false;
}

void HttpSession::record(const HttpExchange& exchange, ConnectionKind kind, std::string reason) {
  pipeline::ConnectionFacts facts = facts_;
  facts.url = exchange.request.method == "CONNECT" ? exchange.url.authority.text()
              : exchange.upgrade                   ? websocket_url(exchange.url)
                                                   : http_url(exchange.url);
  facts.client.http_version = exchange.request.version;
  facts.request_head = exchange.request_head;
  facts.response_head = exchange.response_head;
  core_.record(kind, std::move(facts), exchange.start_ns, std::move(reason));
}

}  // namespace wstap::net

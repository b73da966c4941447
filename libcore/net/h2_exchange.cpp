// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/h2_exchange.h"

#include <fmt/format.h>

#include "libcore/h2/translation.h"
#include "libcore/http1/errors.h"
#include "libcore/http1/head_parser.h"
#include "libcore/http1/reply.h"
#include "libcore/net/agreed_flow.h"
#include "libcore/net/ca_site.h"
#include "libcore/net/errors.h"

namespace wstap::net {

using pipeline::ConnectionKind;

namespace {

constexpr http1::BodyFraming kUntilEnd{http1::BodyFraming::Kind::until_close};

/// How a stream ended too early.
h2::Code code_of(const HttpStream& stream) {
  const auto code = stream.reset_code();
  return code ? static_cast<h2::Code>(*code) : h2::Code::internal_error;
}

int status_for(const Error& error) {
  return error.code.category() == http1::category() ? http1::status_for(error.code)
                                                    : http_status_for(error.code);
}

/// What is meant for a proxy does not go on (UPG-4).
h2::Fields for_origin(h2::Fields head) {
  std::erase_if(head, [](const h2::Field& field) {
    return field.name == "proxy-authorization" || field.name == "proxy-connection";
  });
  return head;
}

}  // namespace

H2Exchange::H2Exchange(std::shared_ptr<H2Session> session, std::unique_ptr<H2Stream> client)
    : session_(std::move(session)),
      core_(session_->core_),
      client_{std::move(client), {}},
      client_stream_(static_cast<H2Stream*>(client_.io.get())),
      start_ns_(core_.now()) {
  session_->exchanges_.insert(this);
}

H2Exchange::~H2Exchange() {
  session_->exchanges_.erase(this);
}

void H2Exchange::start() {
  core_.run_session(session_->seat_, run(), shared_from_this(), session_->facts_.client.address);
}

void H2Exchange::cancel() {
  if (client_) client_.io->cancel();
  if (server_) server_.io->cancel();
}

asio::awaitable<void> H2Exchange::run() {
  auto head = co_await client().next_head();
  if (!head) co_return;
  request_ = std::move(head->fields);
  as_http1_ = h2::http1_request(request_);
  upgrade_ = h2::is_websocket_request(request_);
  if (upgrade_) facts_ = session_->facts_;
  const bool admitted = co_await admit();
  if (!admitted) co_return;
  has_body_ = !head->last;
  const bool sent = co_await send_head();
  if (sent) co_await pass_on();
}

/// Finds out where the request goes. @return false when it was answered here.
asio::awaitable<bool> H2Exchange::admit() {
  // Held while the route is found: the pipeline may be replaced meanwhile.
  const auto pipeline = core_.pipeline.get().pipeline;
  Route found = route(session_->site_, std::nullopt, pipeline->scope(), as_http1_, upgrade_);
  url_ = std::move(found.url);
  switch (found.kind) {
    case Route::Kind::upstream: break;
    case Route::Kind::own_site:
      co_await reply(ca_site_reply(as_http1_.method, url_.path, core_.parts.tls));
      co_return false;
    case Route::Kind::out_of_scope:
      co_await refuse(ConnectionKind::blocked, found.status, std::move(found.reason));
      co_return false;
    case Route::Kind::malformed:
      co_await refuse(ConnectionKind::failed, 400, found.error.text());
      co_return false;
    default:
      co_await refuse(ConnectionKind::failed, found.status == 0 ? 400 : found.status,
                      std::move(found.reason));
      co_return false;
  }
  const auto host = http1::parse_authority(url_.host_field, url_.authority.port);
  if (!host || !session_->covers(host->host)) {
    co_await refuse(ConnectionKind::failed, 421,
                    fmt::format("{} is not of this connection's certificate", url_.host_field));
    co_return false;
  }
  if (upgrade_) {
    if (auto hit = core_.pipeline.limiter().admit(destination_of(url_, true), core_.now())) {
      co_await put_off(std::move(*hit));
      co_return false;
    }
  }
  co_return true;
}

/// @return false when it was answered here: there is nobody to ask.
asio::awaitable<bool> H2Exchange::send_head() {
  auto stream = co_await session_->request(for_origin(request_), !has_body_, facts_.server);
  if (!stream) {
    co_await refuse(ConnectionKind::failed, status_for(stream.error()), stream.error().text());
    co_return false;
  }
  server_stream_ = stream->get();
  server_.io = std::move(*stream);
  // Nobody reads an answer any more.
  client().watch_loss([this] { server().cancel(); });
  co_return true;
}

asio::awaitable<void> H2Exchange::pass_on() {
  // What a client says of a WebSocket before it is one waits (UPG-3).
  if (!upgrade_) start_body();
  co_await read_responses();
  if (!server_) co_return;
  // The answer is complete. What the client still says is for the upstream, unless that wants no more of it.
  server().watch_reset(
      [this] { client().give_up(server().reset_code() ? code_of(server()) : h2::Code::no_error); });
  co_await body_.finish(std::nullopt);
}

void H2Exchange::start_body() {
  if (has_body_) body_.start(executor(), client_, server(), pass_request_body());
}

asio::awaitable<PumpEnd> H2Exchange::pass_request_body() {
  const PumpEnd end = co_await pump_body(client_, server(), http1::BodyReader(kUntilEnd));
  if (end != PumpEnd::done) co_return end;
  const bool there = co_await server().finish(client().take_trailers());
  co_return there ? PumpEnd::done : PumpEnd::receiver_gone;
}

/// @param late  whether the upstream took too long.
asio::awaitable<std::optional<HttpStream::Head>> H2Exchange::next_head(bool& late) {
  std::optional<Deadline> deadline;
  if (upgrade_) deadline.emplace(executor(), server(), core_.options.handshake_timeout);
  auto head = co_await server().next_head();
  late = deadline && deadline->passed();
  co_return head;
}

asio::awaitable<void> H2Exchange::read_responses() {
  for (;;) {
    bool late = false;
    auto head = co_await next_head(late);
    if (head && head->section != h2::Section::interim) co_return co_await respond(std::move(*head));
    if (head) {
      client().respond_interim(head->fields);
    } else if (server().stale() && (upgrade_ || !has_body_)) {
      // Nothing of its body went there, so that it can be sent again.
      const bool sent = co_await send_head();
      if (!sent) co_return;
    } else {
      co_return co_await no_response(late);
    }
  }
}

asio::awaitable<void> H2Exchange::respond(HttpStream::Head head) {
  if (upgrade_) {
    facts_.response_head =
        head.verbatim.empty() ? to_buffer(as_bytes(h2::text(head.fields))) : std::move(head.verbatim);
    const int status = h2::status_of(head.fields);
    if (status / 100 == 2 && !head.last) co_return co_await open_flow(head.fields);
    record(ConnectionKind::refused, std::to_string(status));
    start_body();
  }
  client().respond(head.fields, head.last);
  if (head.last) co_return;
  const PumpEnd end = co_await pump_body(server_, client(), http1::BodyReader(kUntilEnd));
  if (end == PumpEnd::done) {
    client().end(server().take_trailers());
  } else if (end == PumpEnd::sender_gone) {
    // So that a cut body is not taken for a whole one.
    client().leave_with(code_of(server()));
    session_->log(LogLevel::info, fmt::format("{} {}: the response was cut off: {}", as_http1_.method,
                                              as_http1_.target, server().error().text()));
  }
}

/// The 2xx came: from here on it is a WebSocket.
asio::awaitable<void> H2Exchange::open_flow(const h2::Fields& response) {
  pipeline::FlowOpened opened = agreed_flow(as_http1_.fields, h2::http1_response(response, true).fields);
  opened.target = url_.authority.text();
  facts_.url = websocket_url(url_);
  facts_.request_head = to_buffer(as_bytes(h2::text(request_)));
  opened.facts = facts_;
  auto flow = core_.open_flow(session_->seat_, std::move(opened));
  if (!flow) co_return;
  client().unwatch_reset();
  client().respond(response, false);
  core_.start_relay(session_->seat_, session_->slot_, std::move(client_), std::move(server_),
                    std::move(flow));
}

asio::awaitable<void> H2Exchange::no_response(bool late) {
  if (late)
    co_return co_await refuse(ConnectionKind::failed, 504,
                              fmt::format("{}: no response within {} ms", url_.authority.text(),
                                          core_.options.handshake_timeout.count()));
  if (client().cancelled() || client().reset_code()) {
    if (upgrade_) record(ConnectionKind::failed, "the client went away");
    co_return;
  }
  const auto error = server().error();
  // The client gets to know what the upstream said: of REFUSED_STREAM, that it may try again.
  if (server().reset_code()) {
    if (upgrade_) record(ConnectionKind::failed, error.detail);
    client().give_up(code_of(server()));
    co_return;
  }
  co_await refuse(ConnectionKind::failed, 502, fmt::format("upstream: {}", error.text()));
}

/// Says why, and answers in the upstream's place.
asio::awaitable<void> H2Exchange::refuse(ConnectionKind kind, int status, std::string reason) {
  if (upgrade_) {
    record(kind, reason);
  } else {
    session_->log(LogLevel::info, fmt::format("{} {}: {}", as_http1_.method, as_http1_.target, reason));
  }
  co_await reply(http1::error_reply(status, reason));
}

/// A WebSocket that a limit is against, at least for now (LIM-5).
asio::awaitable<void> H2Exchange::put_off(pipeline::LimitHit hit) {
  record(ConnectionKind::blocked, hit.reason);
  co_await reply(http1::too_many_reply(hit.retry_after_s(), hit.reason));
}

/// What wstap says itself, made for HTTP/1.
asio::awaitable<void> H2Exchange::reply(std::string text) {
  if (as_http1_.method == "HEAD") text = http1::without_body(std::move(text));
  const auto end = text.find("\r\n\r\n") + 4;
  const auto head = http1::parse_response(as_bytes(text).first(end), http1::Strictness::strict, {});
  const Bytes body = as_bytes(text).subspan(end);
  client().respond(h2::http2_response(*head), body.empty());
  const bool there = co_await write_all(client(), body);
  if (there) co_await linger(client_);
}

/// Of what asked for a WebSocket.
void H2Exchange::record(ConnectionKind kind, std::string reason) {
  facts_.url = websocket_url(url_);
  facts_.request_head = to_buffer(as_bytes(h2::text(request_)));
  core_.record(kind, facts_, start_ns_, std::move(reason));
}

}  // namespace wstap::net

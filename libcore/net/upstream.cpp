// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/upstream.h"

#include <fmt/format.h>

#include <asio/this_coro.hpp>

#include "libcore/net/bridge_to_h2.h"
#include "libcore/net/bridged_dial.h"
#include "libcore/net/errors.h"
#include "libcore/net/read_head.h"

namespace wstap::net {
namespace {

bool same_server(const http1::Url& a, const http1::Url& b) {
  return a.secure() == b.secure() && a.authority == b.authority;
}

}  // namespace

Upstream::Upstream(ProxyCore& core, WorkerSeat& seat, const Site& site, Stream& stream, pipeline::Leg& leg)
    : core_(core),
      seat_(seat),
      stream_(stream),
      leg_(leg),
      url_(site.url),
      bound_(site.kind == Site::Kind::tunnel),
      kept_(!bound_ && stream) {}

asio::awaitable<Result<void>> Upstream::reach(const http1::Url& url) {
  if (stream_ && same_server(url_, url)) co_return Result<void>();
  if (bound_) co_return fail(Errc::peer_closed, name());
  stream_ = Stream();
  kept_ = false;
  leg_ = {};
  const Target target{url.authority.host, url.authority.port};
  auto stream = co_await core_.connect(target);
  if (!stream) co_return std::unexpected(stream.error());
  stream_ = std::move(*stream);
  url_ = url;
  leg_.address = stream_.io->peer();
  if (!url.secure()) co_return Result<void>();
  co_return co_await start_tls_for_http1(core_, seat_, stream_, target, target.host, leg_);
}

asio::awaitable<bool> Upstream::send(const HttpExchange& exchange) {
  const std::string text = exchange.request.text();
  if (co_await write_all(*stream_.io, as_bytes(text))) co_return true;
  // A connection that was kept may have been closed in the meantime.
  if (!kept_ || bound_) co_return false;
  co_return co_await try_again(exchange);
}

/// Once only: what it connects is no kept connection.
asio::awaitable<bool> Upstream::try_again(const HttpExchange& exchange) {
  stream_ = Stream();
  const auto reached = co_await reach(exchange.url);
  if (!reached) co_return false;
  co_return co_await send(exchange);
}

asio::awaitable<Result<http1::ResponseHead>> Upstream::next_response(HttpExchange& exchange, Stream& client) {
  auto head = co_await read_response_head(exchange, client);
  if (head || !may_try_again(exchange, head.error())) co_return head;
  const bool sent = co_await try_again(exchange);
  if (!sent) co_return head;
  co_return co_await read_response_head(exchange, client);
}

/// A kept connection that ends without a word: the server closed it before it saw the request (RFC 9112
/// 9.3.1).
bool Upstream::may_try_again(const HttpExchange& exchange, const Error& error) const {
  return error.code == Errc::peer_closed && kept_ && !bound_ && exchange.body.complete() &&
         silent(exchange) && !exchange.client_gone && !seat_.stopping;
}

asio::awaitable<Result<http1::ResponseHead>> Upstream::read_response_head(HttpExchange& exchange,
                                                                          Stream& client) {
  // Only what may become a WebSocket has a bound: other responses may take as long as their server likes.
  std::optional<Deadline> deadline;
  const auto executor = co_await asio::this_coro::executor;
  const auto limit = [&](std::chrono::milliseconds patience) {
    deadline.emplace(executor, *stream_.io, patience);
  };
  if (exchange.upgrade) limit(core_.options.handshake_timeout);
  // A client that has gone wants no response any more; one that only said its last word gets some time for
  // it.
  const auto heard = [&](IoStatus said) {
    exchange.client_gone = said == IoStatus::failed;
    if (exchange.client_gone) return stream_.io->cancel();
    if (said != IoStatus::ok && !deadline) limit(core_.options.handshake_timeout);
  };
  const HeadRules rules(core_.options);
  exchange.body.then([&] { watch_speech(client, heard); });
  const auto length = co_await read_head(stream_, rules.limits);
  exchange.body.then({});
  client.io->unwatch_readable();
  if (deadline && deadline->passed())
    co_return fail(Errc::timed_out, fmt::format("{}: no response within {} ms", name(),
                                                core_.options.handshake_timeout.count()));
  if (!length) co_return std::unexpected(length.error());
  if (!*length) co_return fail(Errc::peer_closed, fmt::format("{}: no response", name()));
  exchange.response_head = to_buffer(Bytes(stream_.unread).first(**length));
  stream_.consume(**length);
  auto head = http1::parse_response(exchange.response_head, rules.strictness, rules.limits);
  // What was said over HTTP/2 is kept as it was said.
  const auto* bridge = dynamic_cast<const BridgeToH2*>(stream_.io.get());
  if (bridge != nullptr) exchange.response_head = bridge->response_head();
  if (head && bridge == nullptr) leg_.http_version = head->version;
  co_return head;
}

}  // namespace wstap::net

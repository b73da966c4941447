// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/tls_accept.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/this_coro.hpp>

#include "libcore/net/errors.h"
#include "libcore/net/tls_transport.h"

namespace wstap::net {

asio::awaitable<Result<tls::ClientHello>> read_client_hello(Stream& client,
                                                            std::chrono::milliseconds patience) {
  const Deadline deadline(co_await asio::this_coro::executor, *client.io, patience);
  for (;;) {
    auto hello = tls::parse_client_hello(client.unread);
    if (!hello) co_return std::unexpected(hello.error());
    if (*hello) co_return std::move(**hello);
    if (co_await fill(client) != IoStatus::ok)
      co_return fail(deadline.passed() ? Errc::timed_out : Errc::peer_closed, "in the client's TLS hello");
  }
}

bool offers_http2(const tls::ClientHello& hello) {
  return std::ranges::find(hello.alpn, "h2") != hello.alpn.end();
}

std::vector<std::string> upstream_alpn(const tls::ClientHello& hello, bool bridge) {
  std::vector<std::string> spoken;
  if (bridge) return {"h2", "http/1.1"};
  for (const auto& protocol : hello.alpn)
    if (protocol == "h2" || protocol == "http/1.1") spoken.push_back(protocol);
  return spoken;
}

asio::awaitable<Result<void>> accept_client_tls(ProxyCore& core, WorkerSeat& seat, Stream& client,
                                                std::string fallback_name, std::vector<std::string> alpn,
                                                std::vector<std::string> names, pipeline::Leg& leg) {
  const auto hello = co_await read_client_hello(client, core.options.handshake_timeout);
  if (!hello) co_return std::unexpected(hello.error());
  const std::string& name = hello->server_name.empty() ? fallback_name : hello->server_name;

  auto owned = std::make_unique<TlsTransport>(seat.worker, std::move(client.io));
  TlsTransport& transport = *owned;
  client.io = std::move(owned);
  const Deadline deadline(seat.worker.io().get_executor(), transport, core.options.handshake_timeout);
  const auto done = co_await transport.handshake(
      [&](tls::Wire& wire) {
        return core.parts.tls.accept(wire, name, std::move(names), std::move(alpn), core.now());
      },
      std::exchange(client.unread, Buffer()));
  if (deadline.passed()) co_return fail(Errc::timed_out, "the client's TLS handshake");
  if (!done) co_return done;
  leg.tls = transport.facts();
  leg.tls->sni = hello->server_name;
  leg.tls->ja3 = tls::ja3(*hello);
  leg.tls->ja4 = tls::ja4(*hello);
  co_return Result<void>();
}

}  // namespace wstap::net

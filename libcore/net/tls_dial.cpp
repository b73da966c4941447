// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/tls_dial.h"

#include <fmt/format.h>

#include "libcore/net/errors.h"
#include "libcore/net/tls_transport.h"
#include "libcore/tls/client_hello.h"

namespace wstap::net {

std::vector<std::string> only_http1() {
  return {"http/1.1"};
}

asio::awaitable<Result<void>> start_upstream_tls(ProxyCore& core, WorkerSeat& seat, Stream& stream,
                                                 std::string host, std::vector<std::string> alpn,
                                                 pipeline::Leg& leg) {
  auto owned = std::make_unique<TlsTransport>(seat.worker, std::move(stream.io));
  TlsTransport& transport = *owned;
  stream.io = std::move(owned);
  const Deadline deadline(seat.worker.io().get_executor(), transport, core.options.handshake_timeout);
  const auto done =
      co_await transport.handshake([&](tls::Wire& wire) { return core.parts.tls.connect(wire, host, alpn); },
                                   std::exchange(stream.unread, Buffer()));
  if (deadline.passed())
    co_return fail(Errc::timed_out, fmt::format("{}: no end of the TLS handshake within {} ms", host,
                                                core.options.handshake_timeout.count()));
  if (!done)
    co_return fail(done.error().code, fmt::format("{}: {}", host,
                                                  done.error().detail.empty() ? done.error().code.message()
                                                                              : done.error().detail));
  leg.tls = transport.facts();
  co_return Result<void>();
}

asio::awaitable<Result<Stream>> dial_upstream(ProxyCore& core, WorkerSeat& seat, Target target, bool secure,
                                              std::string name, std::vector<std::string> alpn,
                                              pipeline::Leg& leg) {
  auto stream = co_await core.connect(std::move(target));
  if (!stream) co_return stream;
  leg = {};
  leg.address = stream->io->peer();
  if (!secure) co_return stream;
  const auto agreed = co_await start_upstream_tls(core, seat, *stream, std::move(name), std::move(alpn), leg);
  if (!agreed) co_return std::unexpected(agreed.error());
  co_return stream;
}

}  // namespace wstap::net

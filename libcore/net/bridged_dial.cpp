// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/bridged_dial.h"

#include "libcore/net/bridge_to_h2.h"
#include "libcore/net/errors.h"
#include "libcore/net/tls_dial.h"

namespace wstap::net {
namespace {

/// Another connection, on which HTTP/2 is not offered. @return false: there is none.
asio::awaitable<bool> dial_again(ProxyCore& core, WorkerSeat& seat, Stream& stream, Target target,
                                 std::string name, pipeline::Leg& leg) {
  pipeline::Leg its_leg;
  auto another =
      co_await dial_upstream(core, seat, std::move(target), true, std::move(name), only_http1(), its_leg);
  // Who agreed on nothing, when offered HTTP/1 only, may still speak HTTP/2 alone.
  if (!another || its_leg.tls->alpn != "http/1.1") co_return false;
  stream = std::move(*another);
  leg = std::move(its_leg);
  co_return true;
}

}  // namespace

asio::awaitable<Result<void>> start_tls_for_http1(ProxyCore& core, WorkerSeat& seat, Stream& stream,
                                                  Target target, std::string name, pipeline::Leg& leg) {
  auto alpn = only_http1();
  if (core.options.bridge) alpn.emplace_back("h2");
  auto agreed = co_await start_upstream_tls(core, seat, stream, name, std::move(alpn), leg);
  if (!agreed || leg.tls->alpn != "h2") co_return agreed;
  auto bridge =
      std::make_unique<BridgeToH2>(seat.worker, std::move(stream), "https", HeadRules(core.options));
  co_await bridge->connection().first_settings();
  if (!bridge->connection().peer_settings().connect_protocol) {
    const bool again = co_await dial_again(core, seat, stream, std::move(target), std::move(name), leg);
    if (again) co_return Result<void>();
  }
  if (bridge->connection().over()) co_return std::unexpected(bridge->connection().error());
  stream = Stream(std::move(bridge), Buffer());
  leg.http_version = "HTTP/2";
  co_return Result<void>();
}

}  // namespace wstap::net

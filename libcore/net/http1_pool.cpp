// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/http1_pool.h"

#include "libcore/net/bridge_to_http1.h"
#include "libcore/net/tls_dial.h"

namespace wstap::net {
namespace {

// More are of no use to a page that has been loaded.
constexpr std::size_t kMostIdle = 16;

}  // namespace

Http1Pool::Http1Pool(ProxyCore& core, WorkerSeat& seat, http1::Url site, std::string name)
    : core_(core), seat_(seat), site_(std::move(site)), name_(std::move(name)) {}

void Http1Pool::put(Stream stream, pipeline::Leg leg) {
  if (idle_.size() == kMostIdle) idle_.erase(idle_.begin());
  idle_.push_back({std::move(stream), std::move(leg)});
}

/// @return the youngest one that its server has not closed.
std::optional<Http1Pool::Idle> Http1Pool::take() {
  while (!idle_.empty()) {
    std::optional<Idle> youngest(std::move(idle_.back()));
    idle_.pop_back();
    // Whatever a server says that was asked nothing, nobody would know whose it is.
    if (read_once(youngest->stream, 1) == IoStatus::would_block) return youngest;
  }
  return std::nullopt;
}

asio::awaitable<Result<Http1Pool::Idle>> Http1Pool::dial() {
  Idle made;
  auto stream = co_await dial_upstream(core_, seat_, Target(site_.authority.host, site_.authority.port),
                                       site_.secure(), name_, only_http1(), made.leg);
  if (!stream) co_return std::unexpected(stream.error());
  made.stream = std::move(*stream);
  co_return made;
}

asio::awaitable<Result<std::unique_ptr<HttpStream>>> Http1Pool::request(const h2::Fields& head, bool last,
                                                                        pipeline::Leg& leg) {
  auto idle = take();
  const bool kept = idle.has_value();
  if (!kept) {
    auto dialled = co_await dial();
    if (!dialled) co_return std::unexpected(dialled.error());
    idle.emplace(std::move(*dialled));
  }
  idle->leg.http_version = "HTTP/1.1";
  leg = idle->leg;
  auto bridge = std::make_unique<BridgeToHttp1>(
      std::move(idle->stream), HeadRules(core_.options), seat_.worker.entropy(), kept,
      [this, known = leg](Stream stream) { put(std::move(stream), known); });
  const auto sent = co_await bridge->request(head, last);
  if (!sent) co_return std::unexpected(sent.error());
  co_return std::unique_ptr<HttpStream>(std::move(bridge));
}

}  // namespace wstap::net

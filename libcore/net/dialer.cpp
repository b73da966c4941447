// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/dialer.h"

#include <fmt/format.h>
#include <ifaddrs.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <memory>

#include "libcore/net/errors.h"
#include "libcore/net/tcp_transport.h"

namespace wstap::net {
namespace {

using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

// RFC 8305 section 5: how long one address may try before the next one starts.
constexpr std::chrono::milliseconds kAttemptDelay{250};

/// The address belongs to this machine.
bool is_local(const asio::ip::address& address) {
  if (address.is_loopback() || address.is_unspecified()) return true;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    tcp::endpoint endpoint;
    const auto family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::memcpy(endpoint.data(), entry->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    auto own = endpoint.address();
    if (own.is_v6()) own = asio::ip::address_v6(own.to_v6().to_bytes());  // without the scope id
    if (own == address) return true;
  }
  return false;
}

asio::ip::address unmapped(const asio::ip::address& address) {
  if (!address.is_v6()) return address;
  if (address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return asio::ip::address_v6(address.to_v6().to_bytes());
}

/// Families taken in turn, the resolver's first choice first (RFC 8305 section 4).
Endpoints interleaved(const Endpoints& found) {
  Endpoints first, second, mixed;
  for (const auto& endpoint : found)
    (endpoint.protocol() == found.front().protocol() ? first : second).push_back(endpoint);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

/// The attempts of one dial. Shared by their handlers, which may run after the winner was taken.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : changed(executor), deadline(executor) {}

  asio::steady_timer changed;  ///< cancelled to wake the coroutine that waits
  asio::steady_timer deadline;
  std::vector<std::unique_ptr<tcp::socket>> attempts;
  std::unique_ptr<tcp::socket> winner;
  std::string faults;
  std::size_t running = 0;
  bool late = false;

  void attempt(const tcp::endpoint& endpoint, std::shared_ptr<Race> self);
  void stop();
};

void Race::attempt(const tcp::endpoint& endpoint, std::shared_ptr<Race> self) {
  attempts.push_back(std::make_unique<tcp::socket>(changed.get_executor()));
  ++running;
  tcp::socket* socket = attempts.back().get();
  socket->async_connect(endpoint, [this, self = std::move(self), socket, endpoint](std::error_code failed) {
    --running;
    if (failed) {
      if (!faults.empty()) faults += ", ";
      faults += fmt::format("{}: {}", to_string(endpoint), failed.message());
    } else if (!winner && !late) {
      winner = std::make_unique<tcp::socket>(std::move(*socket));
    }
    changed.cancel();
  });
}

void Race::stop() {
  std::error_code ignored;
  for (const auto& socket : attempts) socket->close(ignored);
  deadline.cancel();
}

asio::awaitable<Result<Endpoints>> resolve(const Target& target, Race& race) {
  std::error_code failed;
  const auto literal = asio::ip::make_address(target.host, failed);
  if (!failed) co_return Endpoints{tcp::endpoint(literal, target.port)};

  tcp::resolver resolver(race.changed.get_executor());
  race.deadline.async_wait([&resolver, &race](std::error_code cancelled) {
    if (cancelled) return;
    race.late = true;
    resolver.cancel();
  });
  const auto results = co_await resolver.async_resolve(target.host, std::to_string(target.port),
                                                       tcp::resolver::numeric_service,
                                                       asio::redirect_error(asio::use_awaitable, failed));
  race.deadline.cancel();
  if (race.late)
    co_return fail(Errc::timed_out, fmt::format("{}: no answer to the name lookup", target.text()));
  if (failed) co_return fail(Errc::resolve_failed, fmt::format("{}: {}", target.host, failed.message()));
  Endpoints endpoints;
  for (const auto& entry : results) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

}  // namespace

std::string Target::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

asio::awaitable<Result<tcp::socket>> dial(Target target, DialOptions options) {
  const auto race = std::make_shared<Race>(co_await asio::this_coro::executor);
  const auto give_up_at = std::chrono::steady_clock::now() + options.timeout;
  race->deadline.expires_at(give_up_at);
  auto endpoints = co_await resolve(target, *race);
  if (!endpoints) co_return std::unexpected(endpoints.error());

  const bool own_port =
      std::find(options.own_ports.begin(), options.own_ports.end(), target.port) != options.own_ports.end();
  if (own_port && std::any_of(endpoints->begin(), endpoints->end(),
                              [](const auto& endpoint) { return is_local(unmapped(endpoint.address())); }))
    co_return fail(Errc::self_dial, target.text());

  race->deadline.expires_at(give_up_at);
  race->deadline.async_wait([race](std::error_code cancelled) {
    if (cancelled) return;
    race->late = true;
    race->changed.cancel();
  });
  const Endpoints order = interleaved(*endpoints);
  std::size_t started = 0;
  while (!race->winner && !race->late && (started < order.size() || race->running != 0)) {
    if (started < order.size()) race->attempt(order[started++], race);
    const std::size_t before = race->running;
    race->changed.expires_after(started < order.size() ? kAttemptDelay : options.timeout);
    std::error_code woken;
    // Wakes when an attempt ended or its head start is over; the next address starts in either case.
    while (!race->winner && !race->late && race->running == before) {
      co_await race->changed.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      if (!woken && started < order.size()) break;
      race->changed.expires_after(started < order.size() ? kAttemptDelay : options.timeout);
    }
  }
  race->stop();
  if (race->winner) co_return std::move(*race->winner);
  if (race->late)
    co_return fail(Errc::timed_out,
                   fmt::format("{} did not accept within {} ms", target.text(), options.timeout.count()));
  co_return fail(Errc::connect_failed, fmt::format("{} ({})", target.text(), race->faults));
}

}  // namespace wstap::net

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
#include <optional>

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
  explicit Race(const asio::any_io_executor& executor) : news(executor), deadline(executor) {}

  asio::steady_timer news;  ///< cancelled to wake the coroutine that waits for it
  asio::steady_timer deadline;
  std::vector<std::unique_ptr<tcp::socket>> attempts;
  std::unique_ptr<tcp::socket> winner;
  std::string faults;
  std::size_t running = 0;
  bool late = false;

  bool decided() const { return winner || late; }
  void attempt(const tcp::endpoint& endpoint, std::shared_ptr<Race> self);
  void start_deadline(std::chrono::steady_clock::time_point at, std::shared_ptr<Race> self);
  asio::awaitable<void> wait_for_news(std::optional<std::chrono::milliseconds> head_start);
  void stop();
};

void Race::attempt(const tcp::endpoint& endpoint, std::shared_ptr<Race> self) {
  attempts.push_back(std::make_unique<tcp::socket>(news.get_executor()));
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
    news.cancel();
  });
}

void Race::start_deadline(std::chrono::steady_clock::time_point at, std::shared_ptr<Race> self) {
  deadline.expires_at(at);
  deadline.async_wait([this, self = std::move(self)](std::error_code cancelled) {
    if (cancelled) return;
    late = true;
    news.cancel();
  });
}

/// Until an attempt ended, the deadline passed, or the last attempt's head start is over.
asio::awaitable<void> Race::wait_for_news(std::optional<std::chrono::milliseconds> head_start) {
  if (head_start) {
    news.expires_after(*head_start);
  } else {
    news.expires_at(asio::steady_timer::time_point::max());
  }
  std::error_code ignored;
  co_await news.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Race::stop() {
  std::error_code ignored;
  for (const auto& socket : attempts) socket->close(ignored);
  deadline.cancel();
}

}  // namespace

std::string Target::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

asio::awaitable<Result<tcp::socket>> dial(Resolver& resolver, Target target, DialOptions options) {
  const auto give_up_at = std::chrono::steady_clock::now() + options.timeout;
  const auto endpoints = co_await resolver.resolve(target.host, target.port, give_up_at);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  if (std::ranges::find(options.own_ports, target.port) != options.own_ports.end() &&
      std::ranges::any_of(*endpoints, [](const auto& each) { return is_local(unmapped(each.address())); }))
    co_return fail(Errc::self_dial, target.text());

  const auto race = std::make_shared<Race>(co_await asio::this_coro::executor);
  race->start_deadline(give_up_at, race);
  const Endpoints order = interleaved(*endpoints);
  for (std::size_t started = 0; !race->decided() && (started < order.size() || race->running != 0);) {
    const bool more = started < order.size();
    if (more) race->attempt(order[started++], race);
    co_await race->wait_for_news(started < order.size() ? std::optional(kAttemptDelay) : std::nullopt);
  }
  race->stop();
  if (race->winner) co_return std::move(*race->winner);
  if (race->late)
    co_return fail(Errc::timed_out,
                   fmt::format("{} did not accept within {} ms", target.text(), options.timeout.count()));
  co_return fail(Errc::connect_failed, fmt::format("{} ({})", target.text(), race->faults));
}

}  // namespace wstap::net

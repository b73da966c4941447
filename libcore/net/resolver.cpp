// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/resolver.h"

#include <fmt/format.h>
#include <netdb.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <memory>
#include <optional>

#include "libcore/net/errors.h"

namespace wstap::net {
namespace {

using asio::ip::tcp;
constexpr std::size_t kThreads = 4;

Result<Resolver::Endpoints> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failed == EAI_NONAME || failed == EAI_ADDRFAMILY) {
    // AI_ADDRCONFIG does not count loopback as an address: a machine without network still reaches itself.
    hints.ai_flags = AI_NUMERICSERV;
    failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  }
  if (failed != 0) return fail(Errc::resolve_failed, fmt::format("{}: {}", host, gai_strerror(failed)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  Resolver::Endpoints endpoints;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

/// Shared by the coroutine that waits and the thread that looks up: either may be gone first.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : answered(executor) {}
  asio::steady_timer answered;
  std::optional<Result<Resolver::Endpoints>> result;
};

}  // namespace

Resolver::Resolver() : threads_(kThreads) {}

Resolver::~Resolver() {
  threads_.stop();
  threads_.join();
}

asio::awaitable<Result<Resolver::Endpoints>> Resolver::resolve(
    std::string host, std::uint16_t port, std::chrono::steady_clock::time_point give_up_at) {
  std::error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return Endpoints{tcp::endpoint(literal, port)};

  const auto executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->answered.expires_at(give_up_at);
  asio::post(threads_, [executor, lookup, host, port] {
    auto result = look_up(host, port);
    // The timer and the result belong to the thread of the coroutine.
    asio::post(executor, [lookup, result = std::move(result)]() mutable {
      lookup->result = std::move(result);
      lookup->answered.cancel();
    });
  });
  std::error_code ignored;
  co_await lookup->answered.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!lookup->result) co_return fail(Errc::timed_out, fmt::format("{}: no answer to the name lookup", host));
  co_return std::move(*lookup->result);
}

}  // namespace wstap::net

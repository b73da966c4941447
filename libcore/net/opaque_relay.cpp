// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/opaque_relay.h"

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace wstap::net {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

asio::awaitable<void> pump(Stream& from, Transport& to, std::uint64_t& bytes) {
  for (;;) {
    if (!from.unread.empty()) {
      if (!co_await write_all(to, from.unread)) break;
      bytes += from.unread.size();
      from.unread.clear();
    }
    const IoStatus status = co_await fill(from, kChunk);
    if (status == IoStatus::ok) continue;
    if (status == IoStatus::failed) break;
    to.shutdown_send();
    co_return;
  }
  // One side is gone: so is the connection.
  from.io->reset();
  to.reset();
}

}  // namespace

asio::awaitable<std::array<std::uint64_t, 2>> relay_opaque(Stream& client, Stream& upstream) {
  std::array<std::uint64_t, 2> bytes{};
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer both_done(executor, asio::steady_timer::time_point::max());
  int running = 2;
  std::exception_ptr fault;
  const auto finished = [&](std::exception_ptr failed) {
    if (failed) {
      fault = failed;
      client.io->reset();
      upstream.io->reset();
    }
    if (--running == 0) both_done.cancel();
  };
  asio::co_spawn(executor, pump(client, *upstream.io, bytes[0]), finished);
  asio::co_spawn(executor, pump(upstream, *client.io, bytes[1]), finished);
  std::error_code ignored;
  if (running != 0) co_await both_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (fault) std::rethrow_exception(fault);
  co_return bytes;
}

}  // namespace wstap::net

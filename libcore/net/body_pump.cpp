// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/body_pump.h"

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace wstap::net {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

}  // namespace

asio::awaitable<PumpEnd> pump_body(Stream& from, Transport& to, http1::BodyReader reader) {
  while (!reader.done()) {
    if (from.unread.empty()) {
      const IoStatus status = co_await fill(from, kChunk);
      if (status == IoStatus::failed) co_return PumpEnd::sender_gone;
      // A body that ends with its connection has come to its end; any other was cut off.
      if (status != IoStatus::ok) co_return reader.ends_with_stream() ? PumpEnd::done : PumpEnd::sender_gone;
    }
    const auto taken = reader.take(from.unread);
    if (!taken) co_return PumpEnd::sender_gone;
    if (!co_await write_all(to, Bytes(from.unread).first(*taken))) co_return PumpEnd::receiver_gone;
    from.consume(*taken);
  }
  co_return PumpEnd::done;
}

void RequestBody::start(const asio::any_io_executor& executor, Stream& client, Transport& server,
                        http1::BodyFraming framing) {
  start(executor, client, server, pump_body(client, server, http1::BodyReader(framing)));
}

void RequestBody::start(const asio::any_io_executor& executor, Stream& client, Transport& server,
                        asio::awaitable<PumpEnd> pump) {
  state_ = std::make_shared<State>(executor);
  client_ = client.io.get();
  asio::co_spawn(executor, std::move(pump),
                 [state = state_, &server](std::exception_ptr failed, PumpEnd end) {
                   state->end = failed ? PumpEnd::sender_gone : end;
                   state->ended.cancel();
                   if (state->end == PumpEnd::sender_gone) server.cancel();
                   if (state->end == PumpEnd::done && state->next) state->next();
                 });
}

void RequestBody::then(std::function<void()> next) {
  if (running()) {
    state_->next = std::move(next);
  } else if (next && complete()) {
    next();
  }
}

asio::awaitable<bool> RequestBody::finish(std::optional<std::chrono::milliseconds> patience) {
  if (!state_) co_return true;
  if (!state_->end) {
    std::optional<Deadline> deadline;
    if (patience) deadline.emplace(state_->ended.get_executor(), *client_, *patience);
    std::error_code ignored;
    co_await state_->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return state_->end == PumpEnd::done;
}

}  // namespace wstap::net

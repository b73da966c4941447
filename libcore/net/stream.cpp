// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/stream.h"

#include <algorithm>
#include <array>
#include <asio/this_coro.hpp>

namespace wstap::net {
namespace {

constexpr std::chrono::milliseconds kLingerSilence{2'000}, kLingerInAll{30'000};
constexpr std::size_t kLingerChunk = 64 * 1024;

}  // namespace

// The room is the stack's: neither the stream nor a coroutine that waits holds memory for what might come.
IoStatus read_once(Stream& stream, std::size_t most) {
  std::array<std::byte, 64 * 1024> room;
  const IoResult got = stream.io->try_read(MutableBytes(room).first(std::min(most, room.size())));
  append(stream.unread, Bytes(room).first(got.bytes));
  return got.status;
}

asio::awaitable<IoStatus> fill(Stream& stream, std::size_t most) {
  for (;;) {
    if (stream.io->cancelled()) co_return IoStatus::failed;
    const IoStatus status = read_once(stream, most);
    if (status != IoStatus::would_block) co_return status;
    // An idle connection holds no memory for what may come.
    if (stream.unread.empty()) stream.unread = Buffer();
    co_await stream.io->readable();
  }
}

asio::awaitable<bool> write_all(Transport& to, Bytes bytes) {
  for (;;) {
    if (to.cancelled()) co_return false;
    const IoResult put = to.try_write(bytes);
    if (put.status == IoStatus::failed) co_return false;
    bytes = bytes.subspan(put.bytes);
    if (bytes.empty() && to.unsent() == 0) co_return true;
    co_await to.writable();
  }
}

void watch_speech(Stream& stream, std::function<void(IoStatus)> seen) {
  const IoStatus status = read_once(stream, 4096);
  if (status != IoStatus::would_block) return seen(status);
  stream.io->watch_readable(
      [&stream, seen = std::move(seen)]() mutable { watch_speech(stream, std::move(seen)); });
}

asio::awaitable<void> linger(Stream& stream) {
  if (stream.io->cancelled()) co_return;
  stream.io->shutdown_send();
  const auto executor = co_await asio::this_coro::executor;
  const auto last = std::chrono::steady_clock::now() + kLingerInAll;
  IoStatus status = IoStatus::ok;
  while (status == IoStatus::ok && std::chrono::steady_clock::now() < last) {
    const Deadline silence(executor, *stream.io, kLingerSilence);
    stream.unread.clear();
    status = co_await fill(stream, kLingerChunk);
  }
}

Deadline::Deadline(const asio::any_io_executor& executor, Transport& transport,
                   std::chrono::milliseconds patience)
    : state_(std::make_shared<State>(executor)) {
  state_->transport = &transport;
  if (patience.count() == 0) return;
  state_->timer.expires_after(patience);
  state_->timer.async_wait([state = state_](std::error_code cancelled) {
    if (cancelled || state->transport == nullptr) return;
    state->passed = true;
    state->transport->cancel();
  });
}

Deadline::~Deadline() {
  state_->transport = nullptr;
  state_->timer.cancel();
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/tcp_transport.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

namespace wstap::net {

using asio::ip::tcp;

std::string to_string(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

TcpTransport::TcpTransport(tcp::socket socket) : socket_(std::move(socket)) {
  std::error_code ignored;
  peer_ = socket_.remote_endpoint(ignored);
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
}

asio::awaitable<void> TcpTransport::readable() {
  return socket_.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, waited_));
}

asio::awaitable<void> TcpTransport::writable() {
  return socket_.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, waited_));
}

IoResult TcpTransport::failed(int number) {
  if (number == EAGAIN || number == EWOULDBLOCK) return {IoStatus::would_block, 0};
  error_ = std::error_code(number, std::generic_category());
  return {IoStatus::failed, 0};
}

IoResult TcpTransport::try_read(MutableBytes room) {
  for (;;) {
    const auto got = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (got > 0) return {IoStatus::ok, static_cast<std::size_t>(got)};
    if (got == 0) return {IoStatus::eof, 0};
    if (errno != EINTR) return failed(errno);
  }
}

IoResult TcpTransport::try_write(Bytes bytes) {
  for (;;) {
    const auto put = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0) return {IoStatus::ok, static_cast<std::size_t>(put)};
    if (errno != EINTR) return failed(errno);
  }
}

void TcpTransport::shutdown_send() {
  std::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void TcpTransport::reset() {
  // Not through Asio: its destructor takes back what it knows of, so that closing never waits.
  constexpr linger kDiscard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &kDiscard, sizeof kDiscard);
  cancel();
}

void TcpTransport::cancel() {
  if (std::exchange(cancelled_, true)) return;
  std::error_code ignored;
  unwatch_reset();
  socket_.cancel(ignored);
  // A wait that begins after this must end as well; reading and writing are over either way.
  ::shutdown(socket_.native_handle(), SHUT_RD);
}

void TcpTransport::interrupt() {
  std::error_code ignored;
  socket_.cancel(ignored);
}

void TcpTransport::arm(std::shared_ptr<Watch>& watch, tcp::socket::wait_type what,
                       std::function<void()> seen) {
  if (!watch) watch = std::make_shared<Watch>();
  watch->seen = std::move(seen);
  if (std::exchange(watch->armed, true)) return;
  socket_.async_wait(what, [weak = std::weak_ptr(watch)](std::error_code failed) {
    const auto alive = weak.lock();
    if (!alive) return;
    alive->armed = false;
    if (!failed && alive->seen) std::exchange(alive->seen, {})();
  });
}

bool TcpTransport::has_failed() {
  pollfd state{.fd = socket_.native_handle(), .events = 0, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & POLLERR) != 0;
}

void TcpTransport::watch_readable(std::function<void()> seen) {
  arm(read_watch_, tcp::socket::wait_read, std::move(seen));
}

void TcpTransport::unwatch_readable() {
  if (read_watch_) read_watch_->seen = {};
}

void TcpTransport::watch_reset(std::function<void()> seen) {
  // A wait for errors also ends when both directions have ended in order, which is none.
  arm(reset_watch_, tcp::socket::wait_error, [this, seen = std::move(seen)] {
    if (has_failed()) seen();
  });
}

void TcpTransport::unwatch_reset() {
  if (reset_watch_) reset_watch_->seen = {};
}

}  // namespace wstap::net

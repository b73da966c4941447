// SPDX-License-Identifier: Apache-2.0
// How a client's connection is read, written and ended; what its requests do is in requests.cpp.
#include "libcore/control/session.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>

namespace wstap::control {
namespace {

constexpr std::size_t kMostAtOnce = 32;  ///< requests of one client that are not answered
constexpr std::size_t kMostBytesAtOnce = 64U << 20;
constexpr std::size_t kMostHelloBytes = 64U << 10;
constexpr std::size_t kLargeBytes = 1U << 20;
constexpr std::size_t kKeptBytes = 256U << 10;  ///< memory that an idle client may keep

}  // namespace

Session::Session(Socket socket, Host& host)
    : socket_(std::move(socket)),
      host_(host),
      outbox_(host.port, host.codec,
              [this] {
                host_.mailbox->post([weak = weak_from_this()] {
                  if (const auto self = weak.lock()) self->writer_.cancel();
                });
              }),
      deadline_(socket_.get_executor()),
      reader_(socket_.get_executor()),
      writer_(socket_.get_executor()) {}

void Session::start() {
  host_.sessions.insert(shared_from_this());
  expect_end_in_time();
  const auto keep = [self = shared_from_this()](std::exception_ptr failed) { self->ended(failed); };
  asio::co_spawn(socket_.get_executor(), read_loop(), keep);
  asio::co_spawn(socket_.get_executor(), write_loop(), keep);
}

void Session::stop() {
  if (std::exchange(stopped_, true)) return;
  end_watch();
  deadline_.cancel();
  reader_.cancel();
  writer_.cancel();
  std::error_code ignored;
  socket_.close(ignored);
}

void Session::ended(std::exception_ptr failed) {
  if (failed) {
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& fault) {
      host_.log.line(LogLevel::error, fmt::format("control: client '{}': {}", name_, fault.what()));
    }
    stop();
  }
  if (--running_ > 0) return;
  stop();
  host_.sessions.erase(shared_from_this());
}

void Session::expect_end_in_time() {
  deadline_.expires_after(host_.patience);
  deadline_.async_wait([weak = weak_from_this()](std::error_code failed) {
    const auto self = weak.lock();
    if (failed || !self || self->stopped_) return;
    if (self->finishing_) self->stop();
    if (!self->finishing_ && !self->greeted_) self->finish(0, "a hello is expected first, and none came");
  });
}

asio::awaitable<void> Session::pause(asio::steady_timer& until) {
  std::error_code ignored;
  until.expires_at(asio::steady_timer::time_point::max());
  co_await until.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Session::read_loop() {
  std::error_code failed;
  while (!stopped_ && !finishing_) {
    if (!may_take()) {
      co_await pause(reader_);
      continue;
    }
    if (take_request()) continue;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, failed));
    if (failed || stopped_ || !receive()) break;
  }
  input_ended_ = true;
  end_watch();
  writer_.cancel();
}

asio::awaitable<void> Session::write_loop() {
  std::error_code failed;
  while (!stopped_ && !failed) {
    sending_ = outbox_.next();
    if (sending_.empty()) {
      if (finishing_ || (input_ended_ && unanswered_ == 0)) break;
      co_await pause(writer_);
      continue;
    }
    reader_.cancel();
    sending_since_ = std::chrono::steady_clock::now();
    bound_in_flight();
    if (stopped_) break;
    co_await asio::async_write(socket_, asio::buffer(sending_),
                               asio::redirect_error(asio::use_awaitable, failed));
  }
  stop();
}

bool Session::may_take() const noexcept {
  return outbox_.answers() + unanswered_ < kMostAtOnce && unanswered_bytes_ < kMostBytesAtOnce;
}

/// @return whether something was done, and there may be more; false: more bytes are needed.
bool Session::take_request() {
  const Bytes unread = Bytes(received_).subspan(taken_);
  auto taken = host_.codec.take_request(unread);
  if (!taken) {
    host_.log.line(LogLevel::info, fmt::format("control: client '{}': {}", name_, taken.error().text()));
    finish(0, taken.error().text());
    return true;
  }
  if (*taken) {
    taken_ += (*taken)->used;
    receiving_since_ = std::chrono::steady_clock::now();
    if (taken_ == received_.size()) drop_taken();
    serve(std::move((*taken)->message), (*taken)->used);
    return true;
  }
  if (!greeted_ && unread.size() > kMostHelloBytes) {
    finish(0, "a hello is expected first");
    return true;
  }
  return false;
}

/// @return false: that was all.
bool Session::receive() {
  auto& scratch = host_.scratch;
  const auto got = ::recv(socket_.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  drop_taken();
  if (received_.empty()) receiving_since_ = std::chrono::steady_clock::now();
  append(received_, Bytes(scratch).first(static_cast<std::size_t>(got)));
  bound_in_flight();
  return !stopped_;
}

/// What is left stays at an address that is divisible by eight: messages are as long.
void Session::drop_taken() {
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  if (received_.empty() && received_.capacity() > kKeptBytes) received_ = {};
}

/// Messages may be large, and clients many. Whoever has been at a large one the longest makes room for the
/// others.
void Session::bound_in_flight() {
  std::size_t total = 0;
  Time earliest = Time::max();
  auto slowest = shared_from_this();
  for (const auto& session : host_.sessions) {
    if (session->stopped_) continue;
    const std::size_t received = session->received_.size() - session->taken_,
                      sending = session->sending_.size();
    total += received + sending;
    const auto since = std::min(received > kLargeBytes ? session->receiving_since_ : Time::max(),
                                sending > kLargeBytes ? session->sending_since_ : Time::max());
    if (since >= earliest) continue;
    earliest = since;
    slowest = session;
  }
  if (total <= host_.max_in_flight_bytes) return;
  host_.log.line(LogLevel::warning,
                 fmt::format("control: client '{}' is too slow for what it sends or reads", slowest->name_));
  slowest->stop();
}

void Session::say(Reply reply) {
  outbox_.add(std::move(reply));
  writer_.cancel();
}

/// Says why, and ends the connection.
void Session::finish(std::uint32_t serial, std::string reason) {
  finishing_ = true;
  say({serial, Refusal{std::move(reason)}});
  reader_.cancel();
  expect_end_in_time();
}

void Session::end_watch() {
  if (std::exchange(watching_, false)) host_.port.unwatch(outbox_.watch());
}

}  // namespace wstap::control

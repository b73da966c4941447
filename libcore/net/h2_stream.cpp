// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/h2_stream.h"

#include <algorithm>
#include <asio/post.hpp>

#include "libcore/net/errors.h"
#include "libcore/net/h2_connection.h"

namespace wstap::net {
namespace {

// Less than this is not worth the bookkeeping of the buffer budget.
constexpr std::size_t kWorthAccounting = 16 * 1024;

}  // namespace

H2Stream::H2Stream(std::shared_ptr<H2Connection> connection, h2::StreamId id)
    : connection_(std::move(connection)),
      id_(id),
      read_(connection_->worker().io().get_executor()),
      write_(connection_->worker().io().get_executor()) {}

H2Stream::~H2Stream() {
  connection_->worker().buffers().set(this, 0);
  connection_->leave(id_, ended_, sent_end_, leaves_with_);
}

asio::awaitable<std::optional<H2Stream::Head>> H2Stream::next_head() {
  while (heads_.empty()) {
    if (ended_ || gone()) co_return std::nullopt;
    co_await read_.wait();
  }
  co_return take_head();
}

std::optional<H2Stream::Head> H2Stream::take_head() {
  if (heads_.empty()) return std::nullopt;
  std::optional<Head> head(std::move(heads_.front()));
  heads_.pop_front();
  return head;
}

asio::awaitable<bool> H2Stream::finish(h2::Fields trailers) {
  end(trailers);
  co_return true;
}

void H2Stream::respond(const h2::Fields& head, bool end) {
  sent_end_ |= end;
  connection_->session().respond(id_, head, end);
  connection_->kick();
}

void H2Stream::respond_interim(const h2::Fields& head) {
  connection_->session().respond_interim(id_, head);
  connection_->kick();
}

void H2Stream::end(const h2::Fields& trailers) {
  if (std::exchange(sent_end_, true)) return;
  connection_->session().end(id_, trailers);
  connection_->kick();
}

void H2Stream::give_up(h2::Code code) {
  connection_->session().reset(id_, code);
  connection_->kick();
  cancel();
}

asio::awaitable<void> H2Stream::readable() {
  if (!has_news()) co_await read_.wait();
}

asio::awaitable<void> H2Stream::writable() {
  if (!is_deaf()) co_await write_.wait();
}

IoResult H2Stream::try_read(MutableBytes room) {
  if (cancelled_ || (gone() && is_drained())) return {IoStatus::failed, 0};
  const std::size_t take = std::min(room.size(), in_.size() - taken_);
  if (take == 0) return {ended_ && is_drained() ? IoStatus::eof : IoStatus::would_block, 0};
  std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(taken_), take, room.begin());
  taken_ += take;
  if (taken_ == in_.size()) {
    in_.clear();
    if (in_.capacity() > kWorthAccounting) in_ = Buffer();
    taken_ = 0;
  }
  account();
  connection_->session().consume(id_, take);
  connection_->kick();
  if (shows_reset()) broken_off();
  return {IoStatus::ok, take};
}

IoResult H2Stream::try_write(Bytes bytes) {
  if (!cancelled_ && closed_in_order() && !wasted_) {
    wasted_ = !bytes.empty();
    if (shows_reset()) broken_off();
    return {IoStatus::ok, bytes.size()};
  }
  if (is_deaf()) return {IoStatus::failed, 0};
  const std::size_t taken = connection_->session().send(id_, bytes);
  if (taken != 0) connection_->kick();
  if (taken == 0 && !bytes.empty()) return {IoStatus::would_block, 0};
  return {IoStatus::ok, taken};
}

void H2Stream::reset() {
  give_up(h2::Code::cancel);
}

void H2Stream::cancel() {
  if (std::exchange(cancelled_, true)) return;
  unwatch_reset();
  interrupt();
}

void H2Stream::interrupt() {
  read_.wake();
  write_.wake();
}

void H2Stream::watch_readable(std::function<void()> seen) {
  readable_watch_->seen = std::move(seen);
  if (has_news()) tell(readable_watch_);
}

void H2Stream::watch_loss(std::function<void()> seen) {
  watches_loss_ = true;
  begin_reset_watch(std::move(seen));
}

void H2Stream::watch_reset(std::function<void()> seen) {
  watches_loss_ = false;
  begin_reset_watch(std::move(seen));
}

void H2Stream::begin_reset_watch(std::function<void()> seen) {
  reset_watch_->seen = std::move(seen);
  if (shows_reset()) tell(reset_watch_);
}

Error H2Stream::error() const {
  if (reset_) return {Errc::peer_closed, "reset with " + h2::code_name(*reset_)};
  return connection_->over() ? connection_->error() : Error{Errc::cancelled};
}

std::string H2Stream::peer() const {
  return connection_->peer();
}

void H2Stream::fields_came(h2::Section section, h2::Fields fields, bool end) {
  ended_ |= end;
  if (section == h2::Section::trailers) {
    trailers_ = std::move(fields);
  } else {
    heads_.push_back({section, std::move(fields), end, {}});
  }
  tell_reader();
}

void H2Stream::data_came(Bytes bytes) {
  if (taken_ > in_.size() / 2) {
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  append(in_, bytes);
  account();
  tell_reader();
}

void H2Stream::end_came() {
  ended_ = true;
  tell_reader();
}

void H2Stream::reset_came(std::uint32_t code) {
  reset_ = code;
  broken_off();
}

void H2Stream::connection_lost() {
  lost_ = true;
  broken_off();
}

/// Whoever writes finds out; whoever reads finds out behind what is left to be read.
void H2Stream::broken_off() {
  interrupt();
  tell(readable_watch_);
  if (shows_reset()) tell(reset_watch_);
}

void H2Stream::tell(const WatchPtr& watch) {
  if (!watch->seen) return;
  asio::post(connection_->worker().io(), [weak = std::weak_ptr(watch)] {
    const auto alive = weak.lock();
    if (alive && alive->seen) std::exchange(alive->seen, {})();
  });
}

void H2Stream::tell_reader() {
  read_.wake();
  tell(readable_watch_);
}

void H2Stream::account() {
  const std::size_t held = in_.size() - taken_;
  connection_->worker().buffers().set(this, held < kWorthAccounting ? 0 : held);
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/h2_connection.h"

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include "libcore/h2/errors.h"
#include "libcore/net/errors.h"

namespace wstap::net {
namespace {

// After so many reads without a wait, other connections of the worker have theirs.
constexpr int kReadsInARow = 8;
constexpr std::size_t kOutputBytes = 64 * 1024;
// So long the peer may take to end a connection on which nothing is left.
constexpr std::chrono::milliseconds kLastPatience{2'000};

}  // namespace

h2::Limits h2_limits(const http1::HeadLimits& heads) noexcept {
  h2::Limits limits;
  limits.header_list_bytes = static_cast<std::uint32_t>(heads.max_bytes);
  limits.header_fields = static_cast<std::uint32_t>(heads.max_fields);
  return limits;
}

H2Connection::H2Connection(Worker& worker, Stream below, h2::Role role, const h2::Limits& limits)
    : worker_(worker),
      below_(std::move(below)),
      role_(role),
      session_(role, limits, *this),
      write_(worker.io().get_executor()),
      heard_(worker.io().get_executor()),
      patience_(worker.io()) {}

void H2Connection::start(Owner& owner, bool connect_protocol, std::optional<std::uint32_t> streams) {
  owner_ = &owner;
  session_.start(connect_protocol, streams);
  run(read());
  run(write());
}

void H2Connection::run(asio::awaitable<void> work) {
  asio::co_spawn(worker_.io(), std::move(work), [self = shared_from_this()](std::exception_ptr failed) {
    if (failed) self->cancel();
  });
}

asio::awaitable<void> H2Connection::first_settings(std::chrono::milliseconds patience) {
  asio::steady_timer timer(worker_.io(), patience);
  timer.async_wait([self = shared_from_this()](std::error_code) { self->heard_.wake(); });
  while (!settled_ && !over_ && std::chrono::steady_clock::now() < timer.expiry()) co_await heard_.wait();
}

void H2Connection::disown() {
  owner_ = nullptr;
  drain();
}

void H2Connection::announce_connect_protocol() {
  session_.announce_connect_protocol();
  kick();
}

Result<std::unique_ptr<H2Stream>> H2Connection::request(const h2::Fields& head, bool end) {
  if (!takes_requests() || draining_) return fail(Errc::peer_closed, "the HTTP/2 connection is ending");
  const auto id = session_.request(head, end);
  if (!id) return std::unexpected(id.error());
  kick();
  auto stream = std::make_unique<H2Stream>(shared_from_this(), *id);
  streams_.emplace(*id, stream.get());
  return stream;
}

void H2Connection::drain() {
  if (over_ || std::exchange(draining_, true)) return;
  // A server's keeps others from coming. A client's says no more than that it opens none, and some servers
  // take it for the end of the streams that are open: it comes last.
  if (role_ == h2::Role::server) say_goaway();
  kick();
}

void H2Connection::say_goaway() {
  if (!std::exchange(said_goaway_, true)) session_.say_goaway(h2::Code::no_error);
}

void H2Connection::cancel() {
  end({Errc::cancelled});
  below_.io->cancel();
}

/// Everybody is told, once.
void H2Connection::end(Error why) {
  if (std::exchange(over_, true)) return;
  error_ = std::move(why);
  for (const auto& [id, stream] : streams_) stream->connection_lost();
  leaving_.clear();
  if (owner_ != nullptr) owner_->over();
  heard_.wake();
  patience_.cancel();
  kick();
}

asio::awaitable<void> H2Connection::read() {
  int turns = kReadsInARow;
  bool goes_on = take(std::exchange(below_.unread, Buffer()));
  while (goes_on && !over_) {
    const MutableBytes room = worker_.slab().bytes();
    const IoResult got = below_.io->try_read(room);
    if (got.status == IoStatus::would_block) {
      turns = kReadsInARow;
      co_await below_.io->readable();
    } else if (got.status != IoStatus::ok) {
      end(got.status == IoStatus::failed ? below_.io->error() : Error{Errc::peer_closed});
      below_.io->cancel();
    } else {
      goes_on = take(Bytes(room).first(got.bytes));
      if (--turns == 0) {
        turns = kReadsInARow;
        co_await asio::post(worker_.io(), asio::use_awaitable);
      }
    }
  }
}

/// @return false: the connection is over.
bool H2Connection::take(Bytes bytes) {
  if (bytes.empty()) return true;
  if (auto taken = session_.receive(bytes, worker_.now()); !taken) {
    end(std::move(taken.error()));
    return false;
  }
  kick();
  return true;
}

/// One writer: what all streams send, in the order that the session gives it.
asio::awaitable<void> H2Connection::write() {
  Buffer out;
  for (;;) {
    session_.take_output(out, kOutputBytes);
    if (!out.empty()) {
      const bool there = co_await write_all(*below_.io, out);
      out.clear();
      if (!there) {
        end({Errc::peer_closed});
        co_return;
      }
    } else if (over_ || (draining_ && is_idle() && said_goaway_)) {
      break;
    } else if (draining_ && is_idle()) {
      say_goaway();
    } else {
      if (out.capacity() > kOutputBytes) out = Buffer();
      co_await write_.wait();
    }
  }
  // The peer reads why, before it finds the connection closed.
  if (over_) co_return co_await linger(below_);
  // Nothing is left to be said. The peer ends the connection, or wstap does: at once when the peer has had
  // time to hear of the last stream.
  below_.io->shutdown_send();
  patience_.expires_at(last_left_ + kLastPatience);
  std::error_code ignored;
  co_await patience_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  cancel();
}

void H2Connection::leave(h2::StreamId id, bool ended, bool sent_end, std::optional<h2::Code> why) {
  streams_.erase(id);
  last_left_ = std::chrono::steady_clock::now();
  if (over_) return;
  const auto code = why.value_or(sent_end ? h2::Code::no_error : h2::Code::cancel);
  if (session_.unsent(id) != 0) {
    leaving_.emplace(id, code);
  } else if (!ended || !sent_end) {
    session_.reset(id, code);
  }
  kick();
}

H2Stream* H2Connection::find(h2::StreamId id) noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void H2Connection::settings(const h2::PeerSettings& settings) {
  settled_ = true;
  heard_.wake();
  if (owner_ != nullptr) owner_->settled(settings);
}

void H2Connection::fields(h2::StreamId id, h2::Section section, h2::Fields fields, bool end) {
  if (H2Stream* stream = find(id)) return stream->fields_came(section, std::move(fields), end);
  const bool opens = role_ == h2::Role::server && section == h2::Section::head && !leaving_.contains(id);
  if (!opens) return;
  if (owner_ == nullptr || draining_) return session_.reset(id, h2::Code::refused_stream);
  auto stream = std::make_unique<H2Stream>(shared_from_this(), id);
  streams_.emplace(id, stream.get());
  stream->fields_came(section, std::move(fields), end);
  owner_->opened(std::move(stream));
}

void H2Connection::data(h2::StreamId id, Bytes bytes) {
  if (H2Stream* stream = find(id)) return stream->data_came(bytes);
  session_.consume(id, bytes.size());
}

void H2Connection::ended(h2::StreamId id) {
  if (H2Stream* stream = find(id)) stream->end_came();
}

void H2Connection::reset(h2::StreamId id, std::uint32_t code) {
  if (H2Stream* stream = find(id)) stream->reset_came(code);
}

void H2Connection::closed(h2::StreamId id) {
  leaving_.erase(id);
  kick();
}

void H2Connection::writable(h2::StreamId id) {
  if (H2Stream* stream = find(id)) return stream->room_came();
  const auto leaving = leaving_.find(id);
  if (leaving == leaving_.end() || session_.unsent(id) != 0) return;
  session_.reset(id, leaving->second);
  leaving_.erase(leaving);
}

void H2Connection::refused(h2::StreamId id, std::string_view why) {
  if (owner_ != nullptr) owner_->refused(id, why);
}

void H2Connection::goaway(h2::StreamId, std::uint32_t, Bytes) {
  going_away_ = true;
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/end.h"

#include <array>

namespace wstap::bench {
namespace {

// RFC 6455 1.3: the key of its example, and the answer to it.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr std::string_view kRequest =
    "GET /bench HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

}  // namespace

End::End(Loop& loop, Fd fd, Role role, const TlsSettings* tls, bool http2)
    : loop_(loop), stream_(std::move(fd), role, tls, http2), role_(role) {
  loop_.watch(stream_.fd(), *this, wakes_for_writing_);
}

void End::ready() {
  try {
    if (state_ == State::connecting) connect();
    if (state_ == State::upgrading) upgrade();
  } catch (const std::exception&) {
    // A proxy that only looks whether somebody listens is no fault; what fails otherwise the client tells.
    if (role_ == Role::client) throw;
    end();
  }
  if (state_ == State::open) work();
}

void End::end() {
  loop_.forget(stream_.fd());
  state_ = State::over;
}

void End::connect() {
  if (!stream_.handshake()) return want_to_write(false);  // TLS answers before it waits for room
  state_ = stream_.is_http2() ? State::open : State::upgrading;
  want_to_write(false);
  if (state_ == State::upgrading && role_ == Role::client) say(kRequest);
}

/// A head always fits into a socket that nothing was written to yet.
void End::say(std::string_view head) {
  if (stream_.write(as_bytes(head)) != head.size())
    throw std::runtime_error("a head did not leave in one piece");
}

void End::upgrade() {
  std::array<std::byte, 4096> room;
  const auto got = stream_.read(room);
  if (stream_.ended()) throw std::runtime_error("the connection ended before the upgrade: " + head_);
  head_ += as_text(Bytes(room).first(got));
  const auto end = head_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const bool right = role_ == Role::server ? head_.contains(kKey)
                                           : head_.starts_with("HTTP/1.1 101 ") && head_.contains(kAccept);
  if (!right || end + 4 != head_.size()) throw std::runtime_error("no upgrade: " + head_);
  head_ = {};
  state_ = State::open;
  if (role_ == Role::server) say(kResponse);
}

void End::work() {
  if (work_) {
    work_->go(stream_);
    // Over HTTP/2 it is the peer's windows that are waited for, and those come by reading.
    want_to_write(stream_.is_http2() ? stream_.has_unsent() : work_->wants_to_write());
  } else {
    std::array<std::byte, 1> room;
    if (stream_.read(room) != 0) throw std::runtime_error("bytes came that nobody sent");
  }
  if (stream_.ended()) end();
}

void End::want_to_write(bool wanted) {
  if (std::exchange(wakes_for_writing_, wanted) != wanted) loop_.change(stream_.fd(), *this, wanted);
}

}  // namespace wstap::bench

// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/bridge_to_h2.h"

#include <algorithm>
#include <limits>

#include "libcore/h2/translation.h"
#include "libcore/http1/chunks.h"
#include "libcore/http1/reply.h"
#include "libcore/http1/upgrade.h"
#include "libcore/net/errors.h"
#include "libcore/ws/handshake.h"

namespace wstap::net {
namespace {

constexpr std::size_t kChunk = 16 * 1024;
// Of heads that were measured when they came to wstap.
constexpr http1::HeadLimits kNoLimits{std::numeric_limits<std::size_t>::max(),
                                      std::numeric_limits<std::size_t>::max()};

}  // namespace

BridgeToH2::BridgeToH2(Worker& worker, Stream below, std::string_view scheme, const HeadRules& rules)
    : scheme_(scheme),
      rules_(rules),
      connection_(std::make_shared<H2Connection>(worker, std::move(below), h2::Role::client,
                                                 h2_limits(rules.limits))),
      idle_(worker.io().get_executor()) {
  connection_->start(*this, false);
}

BridgeToH2::~BridgeToH2() {
  stream_.reset();
  connection_->disown();
}

/// Servers open none: they were told not to push.
void BridgeToH2::opened(std::unique_ptr<H2Stream> stream) {
  stream->give_up(h2::Code::refused_stream);
}

void BridgeToH2::over() {
  idle_.wake();
  if (idle_seen_) std::exchange(idle_seen_, {})();
}

IoResult BridgeToH2::fail_with(Error why) {
  error_ = std::move(why);
  return {IoStatus::failed, 0};
}

IoResult BridgeToH2::try_write(Bytes bytes) {
  if (cancelled_ || error_) return {IoStatus::failed, 0};
  if (reading_ == Reading::websocket) return stream_->try_write(bytes);
  if (bytes.empty()) return {};
  return request_ ? write_body(bytes) : write_head(bytes);
}

IoResult BridgeToH2::write_head(Bytes bytes) {
  const std::size_t before = head_.size();
  append(head_, bytes);
  const auto length = http1::HeadFinder(kNoLimits.max_bytes).find(head_);
  if (!length) return fail_with(length.error());
  if (!*length) return {IoStatus::ok, bytes.size()};
  const Buffer whole(head_.begin(), head_.begin() + static_cast<std::ptrdiff_t>(**length));
  head_.clear();
  const auto head = http1::parse_request(whole, rules_.strictness, kNoLimits);
  if (!head) return fail_with(head.error());
  send_request(*head);
  if (error_) return {IoStatus::failed, 0};
  return {IoStatus::ok, whole.size() - before};
}

void BridgeToH2::send_request(const http1::RequestHead& head) {
  upgrade_ = http1::is_websocket_upgrade(head);
  method_ = head.method;
  takes_chunks_ = head.version == "HTTP/1.1";
  const auto* key = head.fields.find("Sec-WebSocket-Key");
  key_ = key == nullptr ? std::string() : *key;
  const auto framing = http1::framing_of(head);
  const bool has_body = framing.kind != http1::BodyFraming::Kind::none;
  stream_.reset();
  // An extended CONNECT would hide from the server what is wrong with it (RFC 6455 4.2.1).
  if (upgrade_ && has_body) return answer(400, "an upgrade with a body");
  if (upgrade_ && method_ != "GET") return answer(400, "an upgrade by another method than GET");
  if (upgrade_ && !ws::is_key(key_)) return answer(400, "an upgrade without a Sec-WebSocket-Key of 16 bytes");
  if (upgrade_ && !connection_->peer_settings().connect_protocol)
    return answer(502, "the upstream takes no WebSockets over HTTP/2 (no SETTINGS_ENABLE_CONNECT_PROTOCOL)");
  auto stream = connection_->request(h2::http2_request(head, scheme_), !has_body && !upgrade_);
  if (!stream) {
    error_ = stream.error();
    return;
  }
  stream_ = std::move(*stream);
  reading_ = Reading::head;
  owed_ = 0;
  if (has_body) request_.emplace(framing);
}

/// What the upstream cannot say itself.
void BridgeToH2::answer(int status, std::string_view reason) {
  append(out_, http1::error_reply(status, reason));
  response_head_ = {};
  reading_ = Reading::nothing;
}

IoResult BridgeToH2::write_body(Bytes bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !(request_->done() && owed_ == 0)) {
    if (owed_ == 0) {
      const auto piece = request_->next(bytes.subspan(taken));
      if (!piece) return fail_with(piece.error());
      owed_ = piece->content.size();
      taken += piece->bytes - owed_;
      continue;
    }
    const IoResult put = stream_->try_write(bytes.subspan(taken, owed_));
    if (put.status == IoStatus::failed) return put;
    taken += put.bytes;
    owed_ -= put.bytes;
    if (put.status == IoStatus::would_block) break;
  }
  if (request_->done() && owed_ == 0) {
    const auto lines = http1::parse_trailers(request_->trailer_lines(), rules_.strictness);
    if (!lines) return fail_with(lines.error());
    stream_->end(h2::http2_trailers(*lines));
    request_.reset();
  }
  return {taken == 0 ? IoStatus::would_block : IoStatus::ok, taken};
}

IoResult BridgeToH2::try_read(MutableBytes room) {
  for (;;) {
    if (cancelled_ || error_) return {IoStatus::failed, 0};
    if (!out_.empty()) {
      const std::size_t take = std::min(room.size(), out_.size());
      std::copy_n(out_.begin(), take, room.begin());
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(take));
      return {IoStatus::ok, take};
    }
    IoStatus status = IoStatus::ok;
    switch (reading_) {
      case Reading::nothing: return {connection_->over() ? IoStatus::eof : IoStatus::would_block, 0};
      case Reading::as_it_is:
      case Reading::until_end:
      case Reading::websocket: return stream_->try_read(room);
      case Reading::head: status = read_head(); break;
      case Reading::chunks: status = read_chunk(std::min(room.size(), kChunk)); break;
    }
    if (status != IoStatus::ok) return {status, 0};
  }
}

IoStatus BridgeToH2::read_head() {
  if (const auto head = stream_->take_head()) {
    take_response(*head);
    return IoStatus::ok;
  }
  return stream_->try_read({}).status;
}

void BridgeToH2::take_response(const HttpStream::Head& head) {
  response_head_ = to_buffer(as_bytes(h2::text(head.fields)));
  const bool interim = head.section == h2::Section::interim;
  if (interim && !takes_chunks_) return;  // HTTP/1.0 knows none (RFC 9110 15.2)
  auto made = h2::http1_response(head.fields, upgrade_ && !head.last);
  if (made.status == 101) {
    made.fields.add("Sec-WebSocket-Accept", ws::accept_for(key_));
    reading_ = Reading::websocket;
  } else if (!interim) {
    if (upgrade_) stream_->end({});
    reading_ = frame_body(made, head.last);
  }
  append(out_, made.text());
}

/// How HTTP/1 tells where the body ends (RFC 9112 6.3).
BridgeToH2::Reading BridgeToH2::frame_body(http1::ResponseHead& head, bool last) const {
  if (method_ == "HEAD" || head.status == 204 || head.status == 304) return Reading::nothing;
  if (head.fields.find("Content-Length") != nullptr) return last ? Reading::nothing : Reading::as_it_is;
  if (last) {
    head.fields.add("Content-Length", "0");
    return Reading::nothing;
  }
  if (!takes_chunks_) {
    head.fields.add("Connection", "close");
    return Reading::until_end;
  }
  head.fields.add("Transfer-Encoding", "chunked");
  return Reading::chunks;
}

IoStatus BridgeToH2::read_chunk(std::size_t most) {
  Buffer content(most);
  const IoResult got = stream_->try_read(content);
  if (got.status == IoStatus::eof) {
    http1::append_last_chunk(out_, h2::http1_trailers(stream_->take_trailers()));
    reading_ = Reading::nothing;
    return IoStatus::ok;
  }
  if (got.bytes != 0) http1::append_chunk(out_, Bytes(content).first(got.bytes));
  return got.status;
}

asio::awaitable<void> BridgeToH2::readable() {
  if (cancelled_ || error_ || !out_.empty()) co_return;
  if (reading_ != Reading::nothing) co_return co_await stream_->readable();
  if (!connection_->over()) co_await idle_.wait();
}

asio::awaitable<void> BridgeToH2::writable() {
  if (stream_ && !cancelled_ && !error_) co_await stream_->writable();
}

/// Of a WebSocket; what else ends are messages.
void BridgeToH2::shutdown_send() {
  if (reading_ == Reading::websocket) stream_->shutdown_send();
}

void BridgeToH2::reset() {
  if (stream_) stream_->reset();
  cancel();
}

void BridgeToH2::cancel() {
  if (std::exchange(cancelled_, true)) return;
  idle_seen_ = {};
  if (stream_) stream_->cancel();
  idle_.wake();
}

void BridgeToH2::interrupt() {
  if (stream_) stream_->interrupt();
  idle_.wake();
}

void BridgeToH2::watch_readable(std::function<void()> seen) {
  if (reading_ != Reading::nothing) return stream_->watch_readable(std::move(seen));
  idle_seen_ = std::move(seen);
}

void BridgeToH2::unwatch_readable() {
  idle_seen_ = {};
  if (stream_) stream_->unwatch_readable();
}

void BridgeToH2::watch_reset(std::function<void()> seen) {
  if (stream_) stream_->watch_reset(std::move(seen));
}

void BridgeToH2::unwatch_reset() {
  if (stream_) stream_->unwatch_reset();
}

Error BridgeToH2::error() const {
  if (error_) return *error_;
  // Not the connection's end, after which a request is sent again.
  if (stream_ && stream_->reset_code()) return {Errc::protocol, stream_->error().detail};
  return connection_->over() ? connection_->error() : Error{Errc::cancelled};
}

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/bridge_to_http1.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/h2/translation.h"
#include "libcore/http1/chunks.h"
#include "libcore/http1/errors.h"
#include "libcore/http1/upgrade.h"
#include "libcore/net/agreed_flow.h"
#include "libcore/net/errors.h"
#include "libcore/net/read_head.h"
#include "libcore/ws/handshake.h"

namespace wstap::net {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

std::string status_line(const http1::ResponseHead& head) {
  return head.reason.empty() ? std::to_string(head.status) : fmt::format("{} {}", head.status, head.reason);
}

/// What HTTP/2 allows in a field and HTTP/1 does not would be read as something else there.
Result<void> check_as_read(const http1::RequestHead& made, std::string_view text, http1::HeadLimits limits) {
  const auto read = http1::parse_request(as_bytes(text), http1::Strictness::strict, limits);
  if (!read) return std::unexpected(read.error());
  if (read->target != made.target || read->fields.list().size() != made.fields.list().size())
    return fail(http1::Errc::control_character, "a line end in a field");
  return {};
}

}  // namespace

BridgeToHttp1::BridgeToHttp1(Stream below, const HeadRules& rules, Entropy& entropy, bool kept,
                             GiveBack give_back)
    : below_(std::move(below)),
      rules_(rules),
      entropy_(entropy),
      give_back_(std::move(give_back)),
      kept_(kept) {}

BridgeToHttp1::~BridgeToHttp1() {
  if (!reusable()) return;
  // Whoever watched it did so for this request.
  below_.io->unwatch_reset();
  below_.io->unwatch_readable();
  give_back_(std::move(below_));
}

/// Both directions have said all they had to, and nothing more.
bool BridgeToHttp1::reusable() const noexcept {
  return keep_ && request_done_ && response_ && response_->done() && out_.empty() && below_.unread.empty() &&
         !open_ && !error_ && !below_.io->cancelled();
}

asio::awaitable<Result<void>> BridgeToHttp1::request(const h2::Fields& head, bool last) {
  auto made = h2::http1_request(head);
  upgrade_ = h2::is_websocket_request(head);
  method_ = made.method;
  made.fields.remove("TE");  // of this connection alone (RFC 9110 10.1.4)
  if (upgrade_) {
    made.fields.add("Sec-WebSocket-Key", ws::make_key(entropy_));
    asked_ = made.fields;
  } else if (!last && made.fields.count("Content-Length") == 0) {
    chunked_ = true;
    made.fields.add("Transfer-Encoding", "chunked");
  }
  // Of these a server expects a body, and wants to hear that there is none (RFC 9110 8.6).
  const bool expects_body = method_ == "POST" || method_ == "PUT" || method_ == "PATCH";
  if (last && expects_body && made.fields.count("Content-Length") == 0)
    made.fields.add("Content-Length", "0");
  request_done_ = last;
  const std::string text = made.text();
  if (auto sound = check_as_read(made, text, rules_.limits); !sound) co_return sound;
  // Whether it arrives shows when the response is read.
  if (!co_await write_all(*below_.io, as_bytes(text)) && !kept_)
    co_return fail(Errc::peer_closed, "in the middle of the request's head");
  co_return Result<void>();
}

std::optional<HttpStream::Head> BridgeToHttp1::refuse(Error why) {
  error_ = std::move(why);
  return std::nullopt;
}

asio::awaitable<std::optional<HttpStream::Head>> BridgeToHttp1::next_head() {
  const auto length = co_await read_head(below_, rules_.limits);
  const bool silent = below_.unread.empty() && (!length || !*length);
  stale_ = kept_ && silent && !below_.io->cancelled();
  if (!length) co_return refuse(length.error());
  if (!*length) co_return refuse(Error{Errc::peer_closed, "no response"});
  Buffer verbatim = to_buffer(Bytes(below_.unread).first(**length));
  below_.consume(**length);
  auto head = http1::parse_response(verbatim, rules_.strictness, rules_.limits);
  if (!head) co_return refuse(head.error());
  if (head->is_interim())
    co_return Head{h2::Section::interim, h2::http2_response(*head), false, std::move(verbatim)};
  if (head->status == 101) co_return upgraded(std::move(*head), std::move(verbatim));
  co_return answered(std::move(*head), std::move(verbatim));
}

std::optional<HttpStream::Head> BridgeToHttp1::upgraded(http1::ResponseHead head, Buffer verbatim) {
  if (!upgrade_ || !http1::completes_websocket_upgrade(head))
    return refuse(Error{Errc::protocol, "it switched protocols without being asked to"});
  if (!proves_upgrade(asked_, head.fields))
    return refuse(Error{Errc::protocol, "its Sec-WebSocket-Accept does not answer the key"});
  open_ = true;
  return Head{h2::Section::head, h2::http2_response(head), false, std::move(verbatim)};
}

std::optional<HttpStream::Head> BridgeToHttp1::answered(http1::ResponseHead head, Buffer verbatim) {
  // In HTTP/2 this would say that it is a WebSocket.
  if (upgrade_ && head.status / 100 == 2)
    return refuse(Error{Errc::protocol, fmt::format("it did not switch protocols: {}", status_line(head))});
  const auto framing = http1::framing_of(head, method_);
  response_.emplace(framing);
  keep_ = http1::keeps_alive(head) && framing.kind != http1::BodyFraming::Kind::until_close;
  return Head{h2::Section::head, h2::http2_response(head), response_->done(), std::move(verbatim)};
}

IoResult BridgeToHttp1::try_read(MutableBytes room) {
  return open_ ? read_open(room) : read_body(room);
}

IoResult BridgeToHttp1::read_open(MutableBytes room) {
  if (below_.unread.empty()) return below_.io->try_read(room);
  const std::size_t take = std::min(room.size(), below_.unread.size());
  std::copy_n(below_.unread.begin(), take, room.begin());
  below_.consume(take);
  if (take == room.size()) return {IoStatus::ok, take};
  // Fewer bytes than there is room for mean that nothing is left to be read without waiting.
  return {IoStatus::ok, take + below_.io->try_read(room.subspan(take)).bytes};
}

IoResult BridgeToHttp1::read_body(MutableBytes room) {
  if (!response_ || error_) return {IoStatus::failed, 0};
  std::size_t filled = 0;
  while (filled == 0 && !response_->done()) {
    if (below_.unread.empty()) {
      const IoStatus status = read_once(below_, room.size());
      if (status != IoStatus::ok) return {body_ended(status), 0};
    }
    filled = decode(room);
    if (error_) return {IoStatus::failed, 0};
  }
  return {filled == 0 ? IoStatus::eof : IoStatus::ok, filled};
}

/// What the end of the connection is to a body; what only waits stays what it is.
IoStatus BridgeToHttp1::body_ended(IoStatus status) {
  const bool ends = status == IoStatus::eof || status == IoStatus::truncated;
  if (!ends || response_->ends_with_stream()) return status;
  error_ = Error{Errc::peer_closed, "in the middle of the response's body"};
  return IoStatus::failed;
}

/// Takes content out of what is unread. @return how much of `room` it fills.
std::size_t BridgeToHttp1::decode(MutableBytes room) {
  std::size_t used = 0, filled = 0;
  while (used < below_.unread.size() && filled < room.size() && !response_->done()) {
    const std::size_t most = std::min(below_.unread.size() - used, room.size() - filled);
    const auto piece = response_->next(Bytes(below_.unread).subspan(used, most));
    if (!piece) {
      error_ = piece.error();
      return 0;
    }
    std::ranges::copy(piece->content, room.begin() + static_cast<std::ptrdiff_t>(filled));
    used += piece->bytes;
    filled += piece->content.size();
  }
  below_.consume(used);
  if (!response_->done()) return filled;
  if (auto lines = http1::parse_trailers(response_->trailer_lines(), rules_.strictness)) {
    trailers_ = h2::http2_trailers(*lines);
  } else {
    error_ = lines.error();
  }
  return filled;
}

IoStatus BridgeToHttp1::flush() {
  while (!out_.empty()) {
    const IoResult put = below_.io->try_write(out_);
    if (put.status == IoStatus::failed) return put.status;
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(put.bytes));
    if (put.bytes == 0 || put.status != IoStatus::ok) break;
  }
  return out_.empty() ? IoStatus::ok : IoStatus::would_block;
}

IoResult BridgeToHttp1::try_write(Bytes bytes) {
  if (const IoStatus status = flush(); status != IoStatus::ok) return {status, 0};
  // An upgrade has no body: what follows a refused one would be read as another request.
  if (upgrade_ && !open_) return {IoStatus::ok, bytes.size()};
  if (!chunked_ || bytes.empty()) return below_.io->try_write(bytes);
  const auto content = bytes.first(std::min(bytes.size(), kChunk));
  http1::append_chunk(out_, content);
  return {flush() == IoStatus::failed ? IoStatus::failed : IoStatus::ok, content.size()};
}

asio::awaitable<bool> BridgeToHttp1::finish(h2::Fields trailers) {
  if (open_) {
    shutdown_send();
    co_return true;
  }
  if (std::exchange(request_done_, true)) co_return true;
  if (chunked_) http1::append_last_chunk(out_, h2::http1_trailers(trailers));
  chunked_ = false;
  co_return co_await write_all(*this, {});
}

/// Of a WebSocket. Elsewhere the end is the body's, and the connection stays.
void BridgeToHttp1::shutdown_send() {
  if (open_) below_.io->shutdown_send();
}

}  // namespace wstap::net

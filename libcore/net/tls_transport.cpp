// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/tls_transport.h"

#include "libcore/net/errors.h"

namespace wstap::net {

using tls::ChannelStatus;

namespace {

asio::awaitable<void> at_once() {
  co_return;
}

IoStatus io_status(ChannelStatus status) {
  switch (status) {
    case ChannelStatus::ok: return IoStatus::ok;
    case ChannelStatus::want_read:
    case ChannelStatus::want_write: return IoStatus::would_block;
    case ChannelStatus::eof: return IoStatus::eof;
    case ChannelStatus::truncated: return IoStatus::truncated;
    case ChannelStatus::failed: break;
  }
  return IoStatus::failed;
}

}  // namespace

asio::awaitable<Result<void>> TlsTransport::handshake(MakeChannel make, Buffer early) {
  auto channel = make(*this);
  if (!channel) co_return std::unexpected(channel.error());
  channel_ = std::move(*channel);
  channel_->preload(early);
  for (;;) {
    switch (channel_->handshake(scratch()).status) {
      case ChannelStatus::ok: co_return Result<void>();
      case ChannelStatus::want_read: co_await below_->readable(); break;
      case ChannelStatus::want_write: co_await below_->writable(); break;
      default: co_return std::unexpected(channel_->error());
    }
    if (below_->cancelled()) co_return fail(Errc::cancelled);
  }
}

asio::awaitable<void> TlsTransport::readable() {
  return channel_->ended() ? at_once() : below_->readable();
}

IoResult TlsTransport::try_read(MutableBytes room) {
  const auto got = channel_->read(room, scratch());
  return {io_status(got.status), got.bytes};
}

IoResult TlsTransport::try_write(Bytes bytes) {
  IoResult total;
  do {
    const auto put = channel_->write(bytes.subspan(total.bytes), scratch());
    total.bytes += put.bytes;
    total.status = io_status(put.status);
  } while (total.status == IoStatus::ok && total.bytes < bytes.size() && channel_->unsent() == 0);
  if (end_wanted_ && channel_->unsent() == 0) below_->shutdown_send();
  return total;
}

void TlsTransport::shutdown_send() {
  channel_->shutdown_send(scratch());
  // What the kernel does not take now is lost with the end; only a receiver that does not read gets there.
  end_wanted_ = channel_->unsent() != 0;
  if (!end_wanted_) below_->shutdown_send();
}

tls::Wire::Io TlsTransport::receive(MutableBytes room) {
  const IoResult got = below_->try_read(room);
  switch (got.status) {
    case IoStatus::ok: return {Status::ok, got.bytes};
    case IoStatus::would_block: return {Status::would_block, 0};
    case IoStatus::eof:
    case IoStatus::truncated: return {Status::eof, 0};
    case IoStatus::failed: break;
  }
  return {Status::failed, 0};
}

tls::Wire::Io TlsTransport::send(Bytes bytes) {
  const IoResult put = below_->try_write(bytes);
  switch (put.status) {
    case IoStatus::ok: return {Status::ok, put.bytes};
    case IoStatus::would_block: return {Status::would_block, 0};
    default: return {Status::failed, 0};
  }
}

}  // namespace wstap::net

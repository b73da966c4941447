// SPDX-License-Identifier: Apache-2.0
// TLS over another transport, with the worker's buffers.
#pragma once

#include <memory>

#include "libcore/net/transport.h"
#include "libcore/net/worker.h"
#include "libcore/tls/interception.h"

namespace wstap::net {

class TlsTransport final : public Transport, private tls::Wire {
 public:
  /// Makes the channel over this transport's wire.
  using MakeChannel = std::function<Result<std::unique_ptr<tls::Channel>>(tls::Wire&)>;

  TlsTransport(Worker& worker, std::unique_ptr<Transport> below)
      : worker_(worker), below_(std::move(below)) {}

  /// To be called once, before anything else. `early` is ciphertext that was read already.
  /// @error what `make` says; tls::Errc::handshake_failed, not_trusted; the system's own.
  asio::awaitable<Result<void>> handshake(MakeChannel make, Buffer early);
  TlsFacts facts() const { return channel_->facts(); }

  asio::awaitable<void> readable() override;
  asio::awaitable<void> writable() override { return below_->writable(); }
  IoResult try_read(MutableBytes room) override;
  IoResult try_write(Bytes bytes) override;
  std::size_t unsent() const noexcept override { return channel_->unsent(); }
  void shutdown_send() override;
  void reset() override { below_->reset(); }
  void cancel() override { below_->cancel(); }
  bool cancelled() const noexcept override { return below_->cancelled(); }
  void interrupt() override { below_->interrupt(); }
  void watch_readable(std::function<void()> seen) override { below_->watch_readable(std::move(seen)); }
  void unwatch_readable() override { below_->unwatch_readable(); }
  void watch_reset(std::function<void()> seen) override { below_->watch_reset(std::move(seen)); }
  void unwatch_reset() override { below_->unwatch_reset(); }
  Error error() const override { return channel_->error(); }
  std::string peer() const override { return below_->peer(); }

 private:
  Io receive(MutableBytes room) override;
  Io send(Bytes bytes) override;
  tls::Scratch scratch() { return {worker_.cipher_in(), worker_.cipher_out()}; }

  Worker& worker_;
  std::unique_ptr<Transport> below_;
  std::unique_ptr<tls::Channel> channel_;
  bool end_wanted_ = false;  ///< the end of sending waits for what is unsent
};

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// One request of HTTP/2 over a server's connection of HTTP/1 (H2-3). Bodies of unknown length go in chunks,
// and a WebSocket by an upgrade, whose key is made and whose proof is checked here. From the 101 on, bytes
// pass as they are.
#pragma once

#include "libcore/base/entropy.h"
#include "libcore/http1/body.h"
#include "libcore/net/http_exchange.h"
#include "libcore/net/http_stream.h"
#include "libcore/net/stream.h"

namespace wstap::net {

class BridgeToHttp1 final : public HttpStream {
 public:
  /// Takes a connection back that may carry another request.
  using GiveBack = std::function<void(Stream)>;

  /// @param below  connected, with nothing unread. @param kept  it has carried requests before, and may be
  /// closed by now.
  BridgeToHttp1(Stream below, const HeadRules& rules, Entropy& entropy, bool kept, GiveBack give_back);
  ~BridgeToHttp1() override;
  BridgeToHttp1(const BridgeToHttp1&) = delete;
  BridgeToHttp1& operator=(const BridgeToHttp1&) = delete;

  /// Sends a request's head. To be called once, and first. @param last  it has no body.
  /// @error one of http1: it cannot be said in HTTP/1.
  asio::awaitable<Result<void>> request(const h2::Fields& head, bool last);

  asio::awaitable<std::optional<Head>> next_head() override;
  h2::Fields take_trailers() override { return std::exchange(trailers_, {}); }
  asio::awaitable<bool> finish(h2::Fields trailers) override;
  std::optional<std::uint32_t> reset_code() const noexcept override { return std::nullopt; }
  bool stale() const noexcept override { return stale_; }

  asio::awaitable<void> readable() override { return below_.io->readable(); }
  asio::awaitable<void> writable() override { return below_.io->writable(); }
  IoResult try_read(MutableBytes room) override;
  IoResult try_write(Bytes bytes) override;
  std::size_t unsent() const noexcept override { return out_.size() + below_.io->unsent(); }
  void shutdown_send() override;
  void reset() override { below_.io->reset(); }
  void cancel() override { below_.io->cancel(); }
  bool cancelled() const noexcept override { return below_.io->cancelled(); }
  void interrupt() override { below_.io->interrupt(); }
  void watch_readable(std::function<void()> seen) override { below_.io->watch_readable(std::move(seen)); }
  void unwatch_readable() override { below_.io->unwatch_readable(); }
  void watch_reset(std::function<void()> seen) override { below_.io->watch_reset(std::move(seen)); }
  void unwatch_reset() override { below_.io->unwatch_reset(); }
  Error error() const override { return error_ ? *error_ : below_.io->error(); }
  std::string peer() const override { return below_.io->peer(); }

 private:
  std::optional<Head> refuse(Error why);
  std::optional<Head> answered(http1::ResponseHead head, Buffer verbatim);
  std::optional<Head> upgraded(http1::ResponseHead head, Buffer verbatim);
  IoResult read_open(MutableBytes room);
  IoResult read_body(MutableBytes room);
  IoStatus body_ended(IoStatus status);
  std::size_t decode(MutableBytes room);
  IoStatus flush();
  bool reusable() const noexcept;

  Stream below_;
  const HeadRules rules_;
  Entropy& entropy_;
  GiveBack give_back_;
  http1::Fields asked_;  ///< of an upgrade, with its key
  std::string method_;
  Buffer out_;  ///< encoded, and not taken by the kernel
  std::optional<http1::BodyReader> response_;
  h2::Fields trailers_;
  std::optional<Error> error_;
  const bool kept_;
  bool stale_ = false;
  bool upgrade_ = false;
  bool chunked_ = false;  ///< the request's body is
  bool request_done_ = false;
  bool keep_ = false;  ///< the server keeps the connection
  bool open_ = false;  ///< a WebSocket's
};

}  // namespace wstap::net

// SPDX-License-Identifier: Apache-2.0
// A server's connection of HTTP/2 that looks like one of HTTP/1 (H2-3): what is written to it are requests,
// one after the other, and what is read their responses. Each is a stream behind it; an upgrade is an
// extended CONNECT (RFC 8441), whose 200 reads as the 101 that proves the key.
#pragma once

#include "libcore/http1/body.h"
#include "libcore/net/h2_connection.h"
#include "libcore/net/http_exchange.h"

namespace wstap::net {

class BridgeToH2 final : public Transport, private H2Connection::Owner {
 public:
  /// @param below  connected, and agreed on HTTP/2. @param scheme  "http" or "https".
  BridgeToH2(Worker& worker, Stream below, std::string_view scheme, const HeadRules& rules);
  ~BridgeToH2() override;
  BridgeToH2(const BridgeToH2&) = delete;
  BridgeToH2& operator=(const BridgeToH2&) = delete;

  H2Connection& connection() noexcept { return *connection_; }
  /// The last head that was read, as recordings keep those of HTTP/2.
  const Buffer& response_head() const noexcept { return response_head_; }

  asio::awaitable<void> readable() override;
  asio::awaitable<void> writable() override;
  IoResult try_read(MutableBytes room) override;
  IoResult try_write(Bytes bytes) override;
  std::size_t unsent() const noexcept override { return 0; }
  void shutdown_send() override;
  void reset() override;
  void cancel() override;
  bool cancelled() const noexcept override { return cancelled_; }
  void interrupt() override;
  void watch_readable(std::function<void()> seen) override;
  void unwatch_readable() override;
  void watch_reset(std::function<void()> seen) override;
  void unwatch_reset() override;
  Error error() const override;
  std::string peer() const override { return connection_->peer(); }

 private:
  /// What is to be read of the response.
  enum class Reading : std::uint8_t { nothing, head, as_it_is, chunks, until_end, websocket };

  void opened(std::unique_ptr<H2Stream> stream) override;
  void settled(const h2::PeerSettings&) override {}
  void over() override;

  IoResult write_head(Bytes bytes);
  IoResult write_body(Bytes bytes);
  IoResult fail_with(Error why);
  void send_request(const http1::RequestHead& head);
  void answer(int status, std::string_view reason);
  IoStatus read_head();
  void take_response(const HttpStream::Head& head);
  Reading frame_body(http1::ResponseHead& head, bool last) const;
  IoStatus read_chunk(std::size_t most);

  const std::string scheme_;
  const HeadRules rules_;
  std::shared_ptr<H2Connection> connection_;
  std::unique_ptr<H2Stream> stream_;  ///< of the last request
  Waker idle_;
  std::function<void()> idle_seen_;  ///< told of the connection's end between two requests

  Buffer head_;                               ///< of a request, as far as it came
  std::optional<http1::BodyReader> request_;  ///< its body, until that has ended
  std::size_t owed_ = 0;                      ///< content at the front of what is written next
  std::string method_, key_;
  bool upgrade_ = false;
  bool takes_chunks_ = true;

  Reading reading_ = Reading::nothing;
  Buffer out_;  ///< to be read, before anything else
  Buffer response_head_;
  std::optional<Error> error_;
  bool cancelled_ = false;
};

}  // namespace wstap::net

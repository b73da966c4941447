// SPDX-License-Identifier: Apache-2.0
// A TCP connection.
#pragma once

#include <asio/ip/tcp.hpp>
#include <memory>

#include "libcore/net/transport.h"

namespace wstap::net {

/// "127.0.0.1:80", "[::1]:80".
std::string to_string(const asio::ip::tcp::endpoint& endpoint);

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(asio::ip::tcp::socket socket);
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;

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
  Error error() const override { return {error_, {}, 0}; }
  std::string peer() const override { return to_string(peer_); }

 private:
  IoResult failed(int number);
  bool has_failed();

  asio::ip::tcp::socket socket_;
  asio::ip::tcp::endpoint peer_;
  std::error_code error_;
  std::error_code waited_;  ///< where waits leave their outcome; reads and writes tell what it was
  struct Watch {
    std::function<void()> seen;  ///< empty: nobody is interested now
    bool armed = false;          ///< a wait for errors is under way
  };
  void arm(std::shared_ptr<Watch>& watch, asio::ip::tcp::socket::wait_type what, std::function<void()> seen);
  std::shared_ptr<Watch> reset_watch_, read_watch_;  ///< made when first needed; handlers hold them weakly
  bool cancelled_ = false;
};

}  // namespace wstap::net

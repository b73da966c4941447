// SPDX-License-Identifier: Apache-2.0
#include "libcore/control/server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <thread>

#include "libcore/control/session.h"
#include "libcore/control/socket.h"

namespace wstap::control {

using asio::local::stream_protocol;

ServerOptions::ServerOptions() : uid(::geteuid()) {}

class Server::Core {
 public:
  Core(ServerOptions options, Port& port, const Codec& codec, Log& log)
      : options_(std::move(options)),
        host_{port,
              codec,
              log,
              options_.program,
              options_.patience,
              options_.max_in_flight_bytes,
              std::make_shared<Mailbox>(io_)},
        acceptor_(io_),
        pause_(io_) {}
  ~Core() { stop(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Result<void> start() {
    auto socket = Socket::open(options_.path);
    if (!socket) return std::unexpected(socket.error());
    file_.emplace(*std::move(socket));
    Descriptor listener = file_->take();
    std::error_code failed;
    acceptor_.assign(stream_protocol(), listener.get(), failed);
    if (failed) return fail(std::error_code(failed.value(), std::generic_category()), options_.path);
    listener.release();
    asio::co_spawn(io_, accept_loop(), asio::detached);
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void stop() {
    if (!thread_.joinable()) return;
    file_->remove();
    host_.mailbox->close();
    asio::post(io_, [this] { end_all(); });
    thread_.join();
  }

 private:
  void run() {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& fault) {
        host_.log.line(LogLevel::error, fmt::format("control: {}", fault.what()));
      }
    }
  }

  void end_all() {
    stopping_ = true;
    std::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    const auto sessions = host_.sessions;
    for (const auto& session : sessions) session->stop();
  }

  asio::awaitable<void> accept_loop() {
    while (!stopping_) {
      std::error_code failed;
      stream_protocol::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (stopping_) co_return;
      if (!failed) {
        try_to_admit(std::move(socket));
        continue;
      }
      host_.log.line(LogLevel::warning, "control: cannot accept: " + failed.message());
      pause_.expires_after(std::chrono::seconds(1));
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    }
  }

  /// A client for which there is no memory costs no other one its own.
  void try_to_admit(stream_protocol::socket socket) {
    try {
      admit(std::move(socket));
    } catch (const std::exception& fault) {
      host_.log.line(LogLevel::error, fmt::format("control: {}", fault.what()));
    }
  }

  void admit(stream_protocol::socket socket) {
    const auto peer = peer_identity(socket.native_handle());
    if (!peer || peer->uid != options_.uid) {
      host_.log.line(LogLevel::warning,
                     peer ? fmt::format("control: refused process {} of user {}", peer->pid, peer->uid)
                          : "control: " + peer.error().text());
      return;
    }
    if (host_.sessions.size() >= options_.max_clients) {
      // Told without waiting: what cannot be told at once is not.
      const Buffer refusal = host_.codec.encode(
          Reply{0, Refusal{fmt::format("{} clients are connected already", host_.sessions.size())}});
      ::send(socket.native_handle(), refusal.data(), refusal.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      return;
    }
    std::make_shared<Session>(std::move(socket), host_)->start();
  }

  ServerOptions options_;
  std::optional<Socket> file_;
  Host host_;  // what the event loop's coroutines refer to outlives it
  asio::io_context io_{1};
  stream_protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  bool stopping_ = false;
  std::thread thread_;
};

Server::Server(ServerOptions options, Port& port, const Codec& codec, Log& log)
    : core_(std::make_unique<Core>(std::move(options), port, codec, log)) {}
Server::~Server() = default;
Result<void> Server::start() {
  return core_->start();
}
void Server::stop() {
  core_->stop();
}

}  // namespace wstap::control

// SPDX-License-Identifier: Apache-2.0
// A control server over a stand-in for a proxy, and clients of it that keep to nothing.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "formats/control_codec.h"
#include "libcore/control/client.h"
#include "libcore/control/server.h"
#include "libcore/control/socket.h"
#include "tests/support/control_samples.h"
#include "tests/support/fake_port.h"
#include "tests/support/temp_dir.h"

namespace wstap::test {

inline const formats::ControlCodec kControlCodec;

/// Waits for what another thread is about to do. @return false: it does not within 30 seconds.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

class KeptLog final : public Log {
 public:
  bool wants(LogLevel) const noexcept override { return true; }
  void line(LogLevel, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    text_ += std::string(text) + "\n";
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// Sends any bytes, and reads only when told to.
class RawControlClient {
 public:
  explicit RawControlClient(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = control::unix_address(path).value();
    const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    if (::connect(socket_.get(), generic, sizeof address) != 0)
      throw std::runtime_error("cannot connect: " + path);
  }
  int descriptor() const { return socket_.get(); }
  void send(Bytes bytes) const {
    while (!bytes.empty()) {
      const auto put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
  }
  void say(std::uint32_t serial, control::Request::Body body) const {
    send(kControlCodec.encode(control::Request{serial, std::move(body)}));
  }
  void end_input() const { ::shutdown(socket_.get(), SHUT_WR); }

  /// More has come than was read so far. @return false: not within 30 seconds.
  bool has_more() const {
    pollfd state{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return !received_.empty() || ::poll(&state, 1, 30'000) > 0;
  }
  /// The next reply, as text. "end": there is none any more; "silence": nor within 30 seconds.
  std::string next() {
    for (;;) {
      const auto taken = kControlCodec.take_reply(received_);
      if (!taken) return "no reply: " + taken.error().text();
      if (*taken) {
        received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>((*taken)->used));
        return told((*taken)->message);
      }
      Buffer room(256U << 10);
      pollfd state{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&state, 1, 30'000) == 0) return "silence";
      const auto got = ::recv(socket_.get(), room.data(), room.size(), 0);
      if (got <= 0) return "end";
      append(received_, Bytes(room).first(static_cast<std::size_t>(got)));
    }
  }

 private:
  Descriptor socket_;
  Buffer received_;
};

class ControlServing : public testing::Test {
 protected:
  control::ServerOptions options() const {
    control::ServerOptions options;
    options.path = path;
    options.program = "wstap 1.2.3";
    return options;
  }
  void serve(control::ServerOptions with) {
    server = std::make_unique<control::Server>(std::move(with), port, kControlCodec, log);
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().text();
  }
  control::Client client(std::string name = "Ada") const {
    return control::Client::connect(path, kControlCodec, std::move(name)).value();
  }
  /// The next thing a client is told, as text.
  static std::string next(control::Client& client) {
    const auto reply = client.receive(std::chrono::seconds(30));
    if (!reply) return reply.error().text();
    return *reply ? told(**reply) : "silence";
  }
  static std::string ask(control::Client& client, control::Request::Body request) {
    const auto reply = client.ask(std::move(request));
    return reply ? std::visit([](const auto& body) { return told(body); }, reply->body)
                 : reply.error().text();
  }
  static control::Request::Body release(pipeline::HeldId id, std::string by = {}) {
    pipeline::Review review;
    review.id = id;
    review.by = std::move(by);
    return control::Decide{review};
  }

  const TempDir folder;
  const std::string path = folder / "wstap/7.sock";
  FakePort port;
  KeptLog log;
  std::unique_ptr<control::Server> server;  // the last: its thread uses all above
};

}  // namespace wstap::test

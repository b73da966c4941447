// SPDX-License-Identifier: Apache-2.0
#include "libcore/net/echo_server.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "libcore/base/ascii.h"
#include "libcore/http1/head_parser.h"
#include "libcore/http1/reply.h"
#include "libcore/http1/upgrade.h"
#include "libcore/net/errors.h"
#include "libcore/net/listening.h"
#include "libcore/net/stream.h"
#include "libcore/net/tcp_transport.h"
#include "libcore/net/tls_transport.h"
#include "libcore/ws/close.h"
#include "libcore/ws/errors.h"
#include "libcore/ws/frame_writer.h"
#include "libcore/ws/handshake.h"

namespace wstap::net {
namespace {

using asio::ip::tcp;

constexpr std::string_view kPage =
    "<!doctype html><title>wstap echo</title><h1>wstap echo</h1>\n"
    "<p><input id=i size=40 autofocus><pre id=o></pre><script>\n"
    "const s=new WebSocket(location.href.replace(/^http/,'ws')),o=document.getElementById('o'),"
    "i=document.getElementById('i');\n"
    "s.onmessage=e=>o.textContent+=e.data+'\\n';s.onclose=e=>o.textContent+='closed '+e.code+'\\n';\n"
    "i.onkeydown=e=>{if(e.key==='Enter'){s.send(i.value);i.value='';}};\n</script>\n";

std::string page_reply() {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      kPage.size(), kPage);
}

std::string upgrade_reply(const http1::RequestHead& request, const std::string& key) {
  std::string reply =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: " +
      ws::accept_for(key) + "\r\n";
  if (const auto* offered = request.fields.find("Sec-WebSocket-Protocol")) {
    std::string_view list = *offered;
    reply += fmt::format("Sec-WebSocket-Protocol: {}\r\n", next_element(list));
  }
  return reply + "\r\n";
}

Buffer frame(std::uint8_t opcode, bool fin, Bytes payload) {
  return ws::make_frame({.fin = fin, .opcode = opcode}, payload);
}

/// RFC 6455 5.5: control frames are short and whole.
bool breaks_control_rules(const ws::FrameHeader& header) {
  constexpr std::uint64_t kMostControlBytes = 125;
  return ws::is_control(header.opcode) && (!header.fin || header.payload_len > kMostControlBytes);
}

}  // namespace

class EchoServer::Core {
 public:
  Core(EchoOptions options, const tls::Interception* tls, Log& log)
      : options_(std::move(options)),
        tls_(tls),
        log_(log),
        worker_(clock_, budget_),
        acceptor_(worker_.io()) {}

  Result<tcp::endpoint> listen() { return open_acceptor(acceptor_, options_.listen); }

  void run() {
    asio::co_spawn(worker_.io(), accept_loop(), asio::detached);
    worker_.io().run();
  }

  void stop() { worker_.io().stop(); }

 private:
  asio::awaitable<void> accept_loop() {
    for (;;) {
      std::error_code failed;
      tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (failed == asio::error::operation_aborted) co_return;
      if (failed) {
        log_.line(LogLevel::warning, "cannot accept: " + failed.message());
        asio::steady_timer pause(worker_.io(), std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::use_awaitable);
        continue;
      }
      asio::co_spawn(worker_.io(), serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    Stream client{std::make_unique<TcpTransport>(std::move(socket)), {}};
    if (options_.tls_name) {
      auto transport = std::make_unique<TlsTransport>(worker_, std::move(client.io));
      const auto done =
          co_await transport->handshake([this](tls::Wire& wire) { return channel(wire); }, Buffer());
      if (!done) {
        log_.line(LogLevel::info, "TLS: " + done.error().text());
        co_return;
      }
      client.io = std::move(transport);
    }
    if (co_await upgrade(client)) co_await talk(client);
  }

  Result<std::unique_ptr<tls::Channel>> channel(tls::Wire& wire) {
    return tls_->accept(wire, *options_.tls_name, {"localhost", "127.0.0.1", "::1"}, {"http/1.1"},
                        clock_.now_ns());
  }

  asio::awaitable<bool> upgrade(Stream& client) {
    http1::HeadFinder finder(http1::HeadLimits{}.max_bytes);
    std::optional<std::size_t> length;
    while (!length) {
      const auto found = finder.find(client.unread);
      if (!found) co_return false;
      length = *found;
      if (!length && co_await fill(client) != IoStatus::ok) co_return false;
    }
    const auto request = http1::parse_request(Bytes(client.unread).first(*length), http1::Strictness::strict);
    client.consume(*length);
    std::string reply;
    const auto* key = request ? request->fields.find("Sec-WebSocket-Key") : nullptr;
    const bool upgrades = key != nullptr && http1::is_websocket_upgrade(*request);
    if (!request) {
      reply = http1::error_reply(400, request.error().text());
    } else if (upgrades) {
      reply = upgrade_reply(*request, *key);
    } else {
      reply = page_reply();
      if (request->method == "HEAD") reply = http1::without_body(std::move(reply));
    }
    const bool sent = co_await write_all(*client.io, as_bytes(reply));
    if (sent && !upgrades) client.io->shutdown_send();
    co_return sent&& upgrades;
  }

  asio::awaitable<void> talk(Stream& client) {
    for (std::uint64_t i = 0; i < options_.source_messages; ++i) {
      const Buffer message = frame(ws::kBinary, true, Buffer(options_.source_bytes, std::byte('x')));
      if (!co_await write_all(*client.io, message)) co_return;
    }
    if (options_.source_messages != 0) {
      const Buffer close = frame(ws::kClose, true, ws::close_payload(ws::kNormal, "done"));
      if (!co_await write_all(*client.io, close)) co_return;
    }
    ws::FrameReader reader(options_.max_frame_bytes);
    bool open = true;
    while (open) {
      Bytes rest = client.unread;
      Buffer answers;
      ws::Frame incoming;
      auto step = ws::FrameReader::Step::frame;
      while (open && (step = reader.next(rest, incoming)) == ws::FrameReader::Step::frame)
        open = answer(incoming, answers);
      if (step == ws::FrameReader::Step::error) {
        const auto code = ws::close_code_for(static_cast<ws::Errc>(reader.error().code.value()));
        append(answers, frame(ws::kClose, true, ws::close_payload(code, {})));
        open = false;
      }
      client.consume(client.unread.size() - rest.size());
      if (!co_await write_all(*client.io, answers)) co_return;
      if (open && co_await fill(client, kSlabBytes) != IoStatus::ok) co_return;
    }
    // The server ends the connection first (RFC 6455 7.1.1); what the client still says is not waited for.
    client.io->shutdown_send();
  }

  /// @return false after a Close, its own or the client's.
  bool answer(const ws::Frame& incoming, Buffer& answers) {
    // Sent back they would be a fault of our own.
    if (breaks_control_rules(incoming.header)) {
      append(answers, frame(ws::kClose, true, ws::close_payload(ws::kProtocolError, {})));
      return false;
    }
    const Buffer payload = unmasked_payload(incoming);
    switch (incoming.header.opcode) {
      case ws::kClose:
        if (options_.source_messages == 0) append(answers, frame(ws::kClose, true, payload));
        return false;
      case ws::kPing: append(answers, frame(ws::kPong, true, payload)); return true;
      case ws::kPong: return true;
      default: append(answers, frame(incoming.header.opcode, incoming.header.fin, payload)); return true;
    }
  }

  EchoOptions options_;
  const tls::Interception* tls_;
  Log& log_;
  SystemClock clock_;
  BufferBudget budget_{512U << 20};
  Worker worker_;
  tcp::acceptor acceptor_;
};

EchoServer::EchoServer(EchoOptions options, const tls::Interception* tls, Log& log)
    : core_(std::make_unique<Core>(std::move(options), tls, log)) {}
EchoServer::~EchoServer() = default;
Result<asio::ip::tcp::endpoint> EchoServer::listen() {
  return core_->listen();
}
void EchoServer::run() {
  core_->run();
}
void EchoServer::stop() {
  core_->stop();
}

}  // namespace wstap::net

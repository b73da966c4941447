// SPDX-License-Identifier: Apache-2.0
// A byte stream over a socket: plain, TLS, or the one stream of an HTTP/2 connection in TLS.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "libcore/base/bytes.h"
#include "tests/bench/loadgen/socket.h"

namespace wstap::bench {

/// OpenSSL's settings for both sides. One cipher suite, so that every proxy encrypts with the same; no
/// resumption, so that every handshake is a whole one.
class TlsSettings {
 public:
  /// @param certificate  PEM file of the servers' certificate and key.
  explicit TlsSettings(const std::string& certificate);
  SSL_CTX* server() const noexcept { return server_.get(); }
  SSL_CTX* client() const noexcept { return client_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;
  static Context make(const SSL_METHOD* method);
  Context server_, client_;
};

enum class Role : std::uint8_t { client, server };

class Http2;

class Stream {
 public:
  /// @param tls  null: none. Outlives the stream. @param http2  of a client: asks for it.
  Stream(Fd fd, Role role, const TlsSettings* tls, bool http2);
  ~Stream();

  const Fd& fd() const noexcept { return fd_; }
  /// @return true when the connection stands, and TLS on it; over HTTP/2 the WebSocket as well.
  bool handshake();
  bool is_http2() const noexcept { return http2_ != nullptr; }
  /// Over HTTP/2: the socket did not take all that is to be sent.
  bool has_unsent() const noexcept { return has_unsent_; }
  /// @return bytes read; 0: nothing now, or nothing any more: see ended().
  std::size_t read(MutableBytes room);
  /// The same, but the kernel throws the bytes away uncopied. Not for TLS.
  std::size_t discard(std::size_t most);
  /// @return bytes that were taken.
  std::size_t write(Bytes bytes);
  /// The peer will send no more.
  bool ended() const noexcept { return ended_; }
  void shutdown_send();

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  std::size_t tls_bytes(int returned, std::size_t bytes);
  std::size_t tls_read(MutableBytes room);
  std::size_t tls_write(Bytes bytes);
  void receive();
  void flush();

  Fd fd_;
  Role role_;
  std::unique_ptr<SSL, Free> ssl_;
  std::unique_ptr<Http2> http2_;
  bool ended_ = false;
  bool has_unsent_ = false;
};

}  // namespace wstap::bench

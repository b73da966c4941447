// SPDX-License-Identifier: Apache-2.0
// A byte stream over a socket, plain or TLS.
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

class Stream {
 public:
  /// @param tls  null: none. Outlives the stream.
  Stream(Fd fd, Role role, const TlsSettings* tls);

  const Fd& fd() const noexcept { return fd_; }
  /// @return true when the connection stands, and TLS on it.
  bool handshake();
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

  Fd fd_;
  std::unique_ptr<SSL, Free> ssl_;
  bool ended_ = false;
};

}  // namespace wstap::bench

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace wstap::bench {
namespace {

constexpr const char* kCipherSuite = "TLS_AES_128_GCM_SHA256";

[[noreturn]] void throw_tls(const char* what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  throw std::runtime_error(std::string(what) + ": " + reason.data());
}

bool connected(const Fd& fd) {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    errno = error;
    throw_errno("connect");
  }
  sockaddr_storage peer{};
  length = sizeof peer;
  return ::getpeername(fd.get(), static_cast<sockaddr*>(static_cast<void*>(&peer)), &length) == 0;
}

}  // namespace

TlsSettings::Context TlsSettings::make(const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context.get(), kCipherSuite) != 1)
    throw_tls("TLS settings");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

TlsSettings::TlsSettings(const std::string& certificate)
    : server_(make(TLS_server_method())), client_(make(TLS_client_method())) {
  if (SSL_CTX_use_certificate_chain_file(server_.get(), certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(server_.get(), certificate.c_str(), SSL_FILETYPE_PEM) != 1)
    throw_tls(certificate.c_str());
}

Stream::Stream(Fd fd, Role role, const TlsSettings* tls) : fd_(std::move(fd)) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(role == Role::server ? tls->server() : tls->client()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) throw_tls("TLS");
  if (role == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    SSL_set_tlsext_host_name(ssl_.get(), "localhost");
  }
}

bool Stream::handshake() {
  if (!connected(fd_)) return false;
  if (!ssl_) return true;
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  if (returned == 1) return true;
  tls_bytes(returned, 0);
  if (ended_) throw std::runtime_error("the peer ended the TLS handshake");
  return false;
}

/// What an SSL_ function that did nothing meant.
std::size_t Stream::tls_bytes(int returned, std::size_t bytes) {
  if (returned == 1) return bytes;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return 0;
    case SSL_ERROR_ZERO_RETURN: ended_ = true; return 0;
    case SSL_ERROR_SYSCALL: throw_errno("TLS");
    default: throw_tls("TLS");
  }
}

std::size_t Stream::read(MutableBytes room) {
  if (ssl_) {
    ERR_clear_error();
    std::size_t got = 0;
    const int returned = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got);
    return tls_bytes(returned, got);
  }
  const auto got = ::recv(fd_.get(), room.data(), room.size(), 0);
  if (got < 0 && errno != EAGAIN) throw_errno("recv");
  ended_ = got == 0;
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::size_t Stream::discard(std::size_t most) {
  const auto got = ::recv(fd_.get(), nullptr, most, MSG_TRUNC);
  if (got < 0 && errno != EAGAIN) throw_errno("recv");
  ended_ = got == 0;
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::size_t Stream::write(Bytes bytes) {
  if (ssl_) {
    ERR_clear_error();
    std::size_t put = 0;
    const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put);
    return tls_bytes(returned, put);
  }
  const auto put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) throw_errno("send");
  return put > 0 ? static_cast<std::size_t>(put) : 0;
}

void Stream::shutdown_send() {
  if (ssl_) SSL_shutdown(ssl_.get());
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace wstap::bench

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loadgen/stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/bench/loadgen/http2.h"

namespace wstap::bench {
namespace {

constexpr const char* kCipherSuite = "TLS_AES_128_GCM_SHA256";
constexpr std::array<unsigned char, 3> kHttp2 = {2, 'h', '2'};  // as ALPN lists it

/// A server speaks HTTP/2 with who asks for it.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void*) {
  const std::span list(offered, offered_length);
  const auto found = std::ranges::search(list, kHttp2);
  if (found.empty()) return SSL_TLSEXT_ERR_NOACK;
  *chosen = &found.front() + 1;
  *length = kHttp2[0];
  return SSL_TLSEXT_ERR_OK;
}

bool agreed_on_http2(const SSL* ssl) {
  const unsigned char* protocol = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  return std::ranges::equal(std::span(protocol, length), std::span(kHttp2).subspan(1));
}

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
  SSL_CTX_set_alpn_select_cb(server_.get(), choose_protocol, nullptr);
}

Stream::~Stream() = default;

Stream::Stream(Fd fd, Role role, const TlsSettings* tls, bool http2) : fd_(std::move(fd)), role_(role) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(role == Role::server ? tls->server() : tls->client()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) throw_tls("TLS");
  if (role == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    SSL_set_tlsext_host_name(ssl_.get(), "localhost");
    if (http2) SSL_set_alpn_protos(ssl_.get(), kHttp2.data(), kHttp2.size());
  }
}

bool Stream::handshake() {
  if (!connected(fd_)) return false;
  if (!ssl_) return true;
  if (!http2_) {
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_.get());
    if (returned != 1) tls_bytes(returned, 0);
    if (ended_) throw std::runtime_error("the peer ended the TLS handshake");
    if (returned != 1 || !agreed_on_http2(ssl_.get())) return returned == 1;
    http2_ = std::make_unique<Http2>(role_);
  }
  receive();
  if (ended_) throw std::runtime_error("the peer ended the HTTP/2 connection");
  return http2_->open();
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

std::size_t Stream::tls_read(MutableBytes room) {
  ERR_clear_error();
  std::size_t got = 0;
  const int returned = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got);
  return tls_bytes(returned, got);
}

std::size_t Stream::tls_write(Bytes bytes) {
  ERR_clear_error();
  std::size_t put = 0;
  const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put);
  return tls_bytes(returned, put);
}

/// What the connection brings, and what it wants to say to that.
void Stream::receive() {
  std::array<std::byte, 64 * 1024> room;
  const std::size_t got = tls_read(room);
  if (got != 0) http2_->take(Bytes(room).first(got));
  flush();
}

void Stream::flush() {
  has_unsent_ = false;
  for (Bytes rest = http2_->unsent(); !rest.empty() && !has_unsent_; rest = http2_->unsent()) {
    const std::size_t put = tls_write(rest);
    http2_->sent(put);
    has_unsent_ = put == 0;
  }
}

std::size_t Stream::read(MutableBytes room) {
  if (http2_) {
    std::size_t got = http2_->read(room);
    if (got == 0 && !ended_) receive(), got = http2_->read(room);
    ended_ |= http2_->ended();
    return got;
  }
  if (ssl_) return tls_read(room);
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
  if (http2_) {
    const std::size_t put = http2_->write(bytes);
    flush();
    return put;
  }
  if (ssl_) return tls_write(bytes);
  const auto put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) throw_errno("send");
  return put > 0 ? static_cast<std::size_t>(put) : 0;
}

void Stream::shutdown_send() {
  if (http2_) {
    http2_->end();
    return flush();
  }
  if (ssl_) SSL_shutdown(ssl_.get());
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace wstap::bench

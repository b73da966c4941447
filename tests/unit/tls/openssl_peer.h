// SPDX-License-Identifier: Apache-2.0
// OpenSSL itself as the other end of a tls::Channel, over memory BIOs: for what the code under test never
// does by itself.
#pragma once

#include <openssl/err.h>

#include "libcore/tls/openssl_ptr.h"
#include "tests/support/memory_wire.h"

namespace wstap::tls {

class OpensslPeer {
 public:
  using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
  using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;

  /// A client that verifies nothing. @param highest  TLS1_2_VERSION or TLS1_3_VERSION.
  explicit OpensslPeer(int highest) : OpensslPeer(TLS_client_method(), highest) {
    SSL_set_connect_state(ssl_.get());
  }
  /// A server that shows `certificate`.
  OpensslPeer(int highest, X509* certificate, EVP_PKEY* key) : OpensslPeer(TLS_server_method(), highest) {
    SSL_use_certificate(ssl_.get(), certificate);
    SSL_use_PrivateKey(ssl_.get(), key);
    SSL_set_accept_state(ssl_.get());
  }

  SSL* ssl() const { return ssl_.get(); }

  /// What it has to say so far.
  Buffer said() {
    Buffer bytes(BIO_ctrl_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void hear(Bytes bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }

  /// Moves what was said both ways.
  void exchange(test::Tube& from_peer, test::Tube& to_peer) {
    append(from_peer.bytes, said());
    hear(to_peer.bytes);
    to_peer.bytes.clear();
  }

  /// The reason of the oldest queued error.
  static int error_reason() { return ERR_GET_REASON(ERR_get_error()); }

 private:
  OpensslPeer(const SSL_METHOD* method, int highest) : context_(SSL_CTX_new(method)) {
    SSL_CTX_set_max_proto_version(context_.get(), highest);
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
  }

  ContextPtr context_;
  SslPtr ssl_;
  BIO* in_ = nullptr;   ///< owned by ssl_
  BIO* out_ = nullptr;  ///< owned by ssl_
};

}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
#include "libcore/tls/channel.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "libcore/tls/certificate.h"
#include "libcore/tls/errors.h"

namespace wstap::tls {

/// The BIO's functions; friends of the channel they belong to.
struct Channel::Bio {
  static Channel& channel(BIO* bio) { return *static_cast<Channel*>(BIO_get_data(bio)); }
  static int read(BIO* bio, char* data, int length);
  static int write(BIO* bio, const char* data, int length);
  static long control(BIO* bio, int command, long number, void* pointer);
  static BIO_METHOD* method();
};

namespace {

// A record holds 16 KiB; OpenSSL adds header, padding and tag.
constexpr std::size_t kRecord = 16 * 1024;
constexpr std::size_t kRecordOverhead = 256;

}  // namespace

/// Serves, in this order: what was kept from earlier calls, what this call received, one receive.
int Channel::Bio::read(BIO* bio, char* data, int length) {
  Channel& self = channel(bio);
  BIO_clear_retry_flags(bio);
  const auto wanted = static_cast<std::size_t>(length);
  if (!self.unread_.empty()) {
    const auto take = std::min(self.unread_.size(), wanted);
    std::memcpy(data, self.unread_.data(), take);
    self.unread_.erase(self.unread_.begin(), self.unread_.begin() + static_cast<std::ptrdiff_t>(take));
    return static_cast<int>(take);
  }
  if (self.in_begin_ == self.in_end_ && !std::exchange(self.received_, true) && !self.wire_ended_) {
    const auto got = self.wire_.receive(self.in_);
    self.in_begin_ = 0;
    self.in_end_ = got.bytes;
    self.wire_ended_ = got.status == Wire::Status::eof;
    self.wire_failed_ = got.status == Wire::Status::failed;
  }
  if (self.in_begin_ == self.in_end_) {
    if (self.wire_ended_) return 0;
    if (!self.wire_failed_) BIO_set_retry_read(bio);
    return -1;
  }
  const auto take = std::min(self.in_end_ - self.in_begin_, wanted);
  std::memcpy(data, self.in_.data() + self.in_begin_, take);
  self.in_begin_ += take;
  return static_cast<int>(take);
}

int Channel::Bio::write(BIO* bio, const char* data, int length) {
  Channel& self = channel(bio);
  BIO_clear_retry_flags(bio);
  const Bytes bytes = std::as_bytes(std::span(data, static_cast<std::size_t>(length)));
  if (self.out_.size() - self.out_end_ < bytes.size()) {
    // Only handshake and alert bytes come unannounced; they are few.
    append(self.unsent_, Bytes(self.out_).first(self.out_end_));
    append(self.unsent_, bytes);
    self.out_end_ = 0;
    return length;
  }
  std::memcpy(self.out_.data() + self.out_end_, bytes.data(), bytes.size());
  self.out_end_ += bytes.size();
  return length;
}

long Channel::Bio::control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return channel(bio).wire_ended_ ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* Channel::Bio::method() {
  static BIO_METHOD* const instance = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wstap wire");
    BIO_meth_set_read(made, &Bio::read);
    BIO_meth_set_write(made, &Bio::write);
    BIO_meth_set_ctrl(made, &Bio::control);
    return made;
  }();
  return instance;
}

Channel::Channel(std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl, Wire& wire)
    : ssl_(std::move(ssl)), wire_(wire) {
  BIO* bio = BIO_new(Bio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Channel::~Channel() = default;

void Channel::preload(Bytes ciphertext) {
  append(unread_, ciphertext);
}

/// Lends buffers for one call; at its end nothing of them is lost.
class Channel::Loan {
 public:
  Loan(Channel& channel, Scratch scratch) : channel_(channel) {
    channel_.in_ = scratch.in;
    channel_.out_ = scratch.out;
    channel_.in_begin_ = channel_.in_end_ = channel_.out_end_ = 0;
    channel_.received_ = false;
  }
  ~Loan() {
    append(channel_.unread_,
           Bytes(channel_.in_).subspan(channel_.in_begin_, channel_.in_end_ - channel_.in_begin_));
    Bytes produced = Bytes(channel_.out_).first(channel_.out_end_);
    if (channel_.unsent_.empty() && !produced.empty()) {
      const auto put = channel_.wire_.send(produced);
      channel_.wire_failed_ |= put.status == Wire::Status::failed;
      produced = produced.subspan(put.bytes);
    }
    append(channel_.unsent_, produced);
    if (channel_.unread_.empty()) channel_.unread_ = Buffer();
    channel_.in_ = channel_.out_ = {};
    channel_.in_begin_ = channel_.in_end_ = channel_.out_end_ = 0;
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

 private:
  Channel& channel_;
};

ChannelStatus Channel::failed(Error error) {
  if (!error_.code) error_ = std::move(error);
  return ChannelStatus::failed;
}

ChannelStatus Channel::status_of(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_NONE: return ChannelStatus::ok;
    case SSL_ERROR_WANT_READ: return ChannelStatus::want_read;
    case SSL_ERROR_WANT_WRITE: return ChannelStatus::want_write;
    case SSL_ERROR_ZERO_RETURN: return ChannelStatus::eof;
    default: break;
  }
  const auto code = ERR_peek_error();
  if (wire_ended_ && (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
    ERR_clear_error();
    return ChannelStatus::truncated;
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    ERR_clear_error();
    return failed({Errc::not_trusted, X509_verify_cert_error_string(verified)});
  }
  if (wire_failed_ && code == 0) return failed({std::make_error_code(std::errc::connection_reset), {}});
  const bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
  return failed({alert ? Errc::refused : Errc::handshake_failed, openssl_reason()});
}

bool Channel::send_what_is_unsent() {
  while (!unsent_.empty()) {
    const auto put = wire_.send(unsent_);
    if (put.status == Wire::Status::failed) wire_failed_ = true;
    if (put.bytes == 0) return false;
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(put.bytes));
  }
  unsent_ = Buffer();
  return true;
}

ChannelResult Channel::flush() {
  if (send_what_is_unsent()) return {ChannelStatus::ok, 0};
  if (wire_failed_) return {failed({std::make_error_code(std::errc::connection_reset), {}}), 0};
  return {ChannelStatus::want_write, 0};
}

ChannelResult Channel::handshake(Scratch scratch) {
  if (const auto flushed = flush(); flushed.status != ChannelStatus::ok) return flushed;
  ChannelStatus status = ChannelStatus::ok;
  {
    const Loan loan(*this, scratch);
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_.get());
    if (returned != 1) status = status_of(returned);
  }
  if (status == ChannelStatus::truncated) status = failed({Errc::refused, "it closed the connection"});
  if (status == ChannelStatus::failed) return {status, 0};
  return unsent_.empty() ? ChannelResult{status, 0} : ChannelResult{ChannelStatus::want_write, 0};
}

ChannelResult Channel::read(MutableBytes room, Scratch scratch) {
  if (ended_) return {*ended_, 0};
  // Receiving no more than there is room for: the plaintext is shorter than its records, so that nothing is
  // left over.
  scratch.in = scratch.in.first(std::min(scratch.in.size(), std::max(room.size(), kRecord)));
  const Loan loan(*this, scratch);
  std::size_t filled = 0;
  while (filled < room.size()) {
    ERR_clear_error();
    std::size_t got = 0;
    const int returned = SSL_read_ex(ssl_.get(), room.data() + filled, room.size() - filled, &got);
    if (returned == 1) {
      filled += got;
      continue;
    }
    const ChannelStatus status = status_of(returned);
    if (status != ChannelStatus::want_read && status != ChannelStatus::want_write) ended_ = status;
    if (filled == 0) return {status, 0};
    break;
  }
  return {ChannelStatus::ok, filled};
}

ChannelResult Channel::write(Bytes bytes, Scratch scratch) {
  if (const auto flushed = flush(); flushed.status != ChannelStatus::ok) return flushed;
  std::size_t taken = 0;
  ChannelStatus status = ChannelStatus::ok;
  {
    const Loan loan(*this, scratch);
    while (taken < bytes.size() && out_.size() - out_end_ >= kRecord + kRecordOverhead) {
      ERR_clear_error();
      std::size_t put = 0;
      const auto piece = std::min(bytes.size() - taken, kRecord);
      const int returned = SSL_write_ex(ssl_.get(), bytes.data() + taken, piece, &put);
      if (returned != 1) {
        status = status_of(returned);
        break;
      }
      taken += put;
    }
  }
  if (wire_failed_) status = failed({std::make_error_code(std::errc::connection_reset), {}});
  return {status, taken};
}

void Channel::shutdown_send(Scratch scratch) {
  // A second SSL_shutdown would wait for the peer's end, and take data for a fault.
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  const Loan loan(*this, scratch);
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

TlsFacts Channel::facts() const {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl_.get());
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get()))
    facts.cipher = SSL_CIPHER_standard_name(cipher);
  const unsigned char* alpn = nullptr;
  unsigned alpn_len = 0;
  SSL_get0_alpn_selected(ssl_.get(), &alpn, &alpn_len);
  facts.alpn = as_text(std::as_bytes(std::span(alpn, alpn_len)));
  if (const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name)) facts.sni = name;
  if (SSL_is_server(ssl_.get()) == 0)
    if (X509* certificate = SSL_get0_peer_certificate(ssl_.get())) facts.certificate = facts_of(certificate);
  return facts;
}

}  // namespace wstap::tls

// SPDX-License-Identifier: Apache-2.0
// TLS over any non-blocking byte stream: OpenSSL's state of one connection over a BIO of our own, which reads
// into and writes from buffers that are lent for one call. So a burst costs one receive and one send, and an
// idle connection holds no buffer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"
#include "libcore/base/tls_facts.h"

struct ssl_st;
struct bio_st;

namespace wstap::tls {

enum class ChannelStatus : std::uint8_t {
  ok,
  want_read,   ///< more ciphertext is needed
  want_write,  ///< the stream takes no more for now; flush() later
  eof,         ///< close_notify came
  truncated,   ///< the stream ended without close_notify
  failed,      ///< see Channel::error
};

struct ChannelResult {
  ChannelStatus status = ChannelStatus::ok;
  std::size_t bytes = 0;
};

/// The stream below, non-blocking.
class Wire {
 public:
  enum class Status : std::uint8_t { ok, would_block, eof, failed };
  struct Io {
    Status status = Status::ok;
    std::size_t bytes = 0;
  };
  virtual ~Wire() = default;
  virtual Io receive(MutableBytes room) = 0;
  virtual Io send(Bytes bytes) = 0;
};

/// Buffers for one call, with room for at least a record (17 KiB) each. Their content means nothing before
/// and after it.
struct Scratch {
  MutableBytes in, out;
};

class Channel {
 public:
  /// @param ssl  in connect or accept state, its certificate and names set; taken over.
  /// @param wire  outlives the channel.
  Channel(std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl, Wire& wire);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Ciphertext that was read before the channel was there.
  void preload(Bytes ciphertext);

  ChannelResult handshake(Scratch scratch);
  /// Fills as much of `room` as one receive from the wire allows. `ok` with fewer bytes than room: nothing is
  /// left inside but, perhaps, the end: see ended().
  ChannelResult read(MutableBytes room, Scratch scratch);
  /// Reading is over, whether or not read() said so already: do not wait for the wire.
  bool ended() const noexcept { return ended_.has_value(); }
  /// Encrypts from the front of `bytes` what fits into scratch.out, and sends it in one piece.
  ChannelResult write(Bytes bytes, Scratch scratch);
  /// Ciphertext that the wire did not take yet.
  std::size_t unsent() const noexcept { return unsent_.size(); }
  ChannelResult flush();
  /// Sends close_notify, once; reading goes on.
  void shutdown_send(Scratch scratch);

  /// What `failed` was.
  const Error& error() const noexcept { return error_; }
  /// Version, cipher, ALPN and, on the client's side of a connection, the peer's certificate.
  TlsFacts facts() const;

 private:
  struct Bio;
  class Loan;
  /// @param returned  what an SSL_ function said; not positive.
  ChannelStatus status_of(int returned);
  ChannelStatus failed(Error error);
  bool send_what_is_unsent();

  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  Wire& wire_;
  Error error_;
  Buffer unread_;                       ///< ciphertext that came and was not used
  Buffer unsent_;                       ///< ciphertext that the wire did not take
  std::optional<ChannelStatus> ended_;  ///< how reading ended
  bool wire_ended_ = false;
  bool wire_failed_ = false;

  // Buffers on loan, for one call.
  MutableBytes in_, out_;
  std::size_t in_begin_ = 0, in_end_ = 0, out_end_ = 0;
  bool received_ = false;  ///< one receive a call
};

}  // namespace wstap::tls

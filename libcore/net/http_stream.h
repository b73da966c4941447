// SPDX-License-Identifier: Apache-2.0
// A request that was sent to a server as a transport: heads of HTTP/2 first, then the bytes of its body and
// of its response's. What carries it is HTTP/2, or HTTP/1 that looks so (H2-3).
#pragma once

#include <optional>

#include "libcore/h2/session.h"
#include "libcore/net/transport.h"

namespace wstap::net {

class HttpStream : public Transport {
 public:
  struct Head {
    h2::Section section;
    h2::Fields fields;
    bool last;        ///< nothing follows it
    Buffer verbatim;  ///< as HTTP/1 said it; empty: it was HTTP/2
  };

  /// The next head, interim ones too, but no trailers. @return none: it was reset, or its connection is gone,
  /// as error() tells.
  virtual asio::awaitable<std::optional<Head>> next_head() = 0;
  /// Of the peer's, once its direction has ended.
  virtual h2::Fields take_trailers() = 0;
  /// The end of this direction, with these behind what was sent. @return false when the peer is gone.
  virtual asio::awaitable<bool> finish(h2::Fields trailers) = 0;
  /// What a reset said; none: there was none.
  virtual std::optional<std::uint32_t> reset_code() const noexcept = 0;
  /// It went over a connection that had been closed already, and can be sent again over another one (RFC 9112
  /// 9.3.1).
  virtual bool stale() const noexcept = 0;
};

}  // namespace wstap::net

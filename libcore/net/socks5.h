// SPDX-License-Identifier: Apache-2.0
// The server's side of SOCKS5 (RFC 1928) with user and password (RFC 1929), as messages: bytes in, bytes out.
#pragma once

#include <optional>
#include <variant>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"
#include "libcore/net/dialer.h"

namespace wstap::net {

/// User name and password, as given to --proxy-auth.
struct SocksCredentials {
  std::string user, password;
};

/// Three messages come in (greeting, password unless none is asked for, request), each is answered.
class Socks5Server {
 public:
  /// @param credentials  what clients must show; none: anybody may.
  explicit Socks5Server(std::optional<SocksCredentials> credentials) : credentials_(std::move(credentials)) {}

  struct NeedMore {};
  /// To be sent; then call next() again.
  struct Answer {
    Buffer bytes;
  };
  /// What the client wants to reach. Dial, then send reply().
  struct Request {
    Target target;
  };
  /// To be sent before the connection is closed.
  struct Refused {
    Buffer bytes;
    std::string reason;
  };
  using Step = std::variant<NeedMore, Answer, Request, Refused>;

  /// Consumes a whole message from the front of `in`, or nothing.
  Step next(Bytes& in);

  /// The answer to a Request. @param code  0: connected; else see socks_reply_for.
  static Buffer reply(unsigned char code);

 private:
  Step greeting(Bytes& in);
  Step password(Bytes& in);
  Step request(Bytes& in);

  enum class State : std::uint8_t { greeting, password, request, done };
  std::optional<SocksCredentials> credentials_;
  State state_ = State::greeting;
};

}  // namespace wstap::net

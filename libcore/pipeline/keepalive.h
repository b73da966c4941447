// SPDX-License-Identifier: Apache-2.0
// Pings of wstap's own among those of a peer, and whom the Pongs that come back are for (HOLD-4, RFC 6455
// 5.5.3).
#pragma once

#include <deque>

#include "libcore/base/bytes.h"

namespace wstap::pipeline {

/// The Pings that travel in one direction of a flow.
class Keepalive {
 public:
  void ping_left(Bytes payload, bool own);

  struct Answer {
    enum class To : std::uint8_t {
      peer,  ///< or to nothing: it passes
      own,   ///< it goes no further
      both,  ///< ... but the peer has an older Ping that is answered with it: `payload` is that one's
    };
    To to = To::peer;
    Buffer payload;
  };
  /// A Pong came. What it answers, and whatever is older, is answered.
  Answer pong_came(Bytes payload);
  /// No Ping waits for an answer.
  bool empty() const noexcept { return unanswered_.empty(); }

 private:
  struct Ping {
    Buffer payload;
    bool own = false;
  };
  std::deque<Ping> unanswered_;  ///< oldest first
};

}  // namespace wstap::pipeline

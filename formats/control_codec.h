// SPDX-License-Identifier: Apache-2.0
// What is said over a control socket, as bytes: control.capnp (HOLD-6).
#pragma once

#include "libcore/control/port.h"

namespace wstap::formats {

/// Takes bytes of anybody: what is announced is neither believed nor allocated, and what a message becomes is
/// in proportion to its length.
class ControlCodec final : public control::Codec {
 public:
  Buffer encode(const control::Request& request) const override;
  Buffer encode(const control::Reply& reply) const override;

  /// @error std::errc::bad_message. Over kMaxRequestBytes and kMaxReplyBytes too, before the message is
  /// there.
  Result<std::optional<Taken<control::Request>>> take_request(Bytes received) const override;
  Result<std::optional<Taken<control::Reply>>> take_reply(Bytes received) const override;
};

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// What is said over a control socket, as bytes: control.capnp (HOLD-6).
#pragma once

#include "libcore/pipeline/control_port.h"

namespace wstap::formats {

/// Takes bytes of anybody: what is announced is neither believed nor allocated, and what a message becomes is
/// in proportion to its length.
class ControlCodec final : public pipeline::control::Codec {
 public:
  Buffer encode(const pipeline::control::Request& request) const override;
  Buffer encode(const pipeline::control::Reply& reply) const override;

  /// @error std::errc::bad_message. Over kMaxRequestBytes and kMaxReplyBytes too, before the message is
  /// there.
  Result<std::optional<Taken<pipeline::control::Request>>> take_request(Bytes received) const override;
  Result<std::optional<Taken<pipeline::control::Reply>>> take_reply(Bytes received) const override;
};

}  // namespace wstap::formats

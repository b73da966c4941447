// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/errors.h"

#include <string>

#include "libcore/ws/close.h"

namespace wstap::ws {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "websocket"; }
  std::string message(int value) const override { return ws::name(static_cast<Errc>(value)); }
};

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

const char* name(Errc e) noexcept {
  switch (e) {
    case Errc::length_top_bit: return "length_top_bit";
    case Errc::frame_too_big: return "frame_too_big";
    case Errc::aborted: return "aborted";
    case Errc::control_too_long: return "control_too_long";
    case Errc::fragmented_control: return "fragmented_control";
    case Errc::message_too_big: return "message_too_big";
  }
  return "unknown";
}

std::uint16_t close_code_for(Errc e) noexcept {
  const bool too_big = e == Errc::frame_too_big || e == Errc::message_too_big;
  return too_big ? kTooBig : kProtocolError;
}

}  // namespace wstap::ws

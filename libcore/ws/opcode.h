// SPDX-License-Identifier: Apache-2.0
// Frame opcodes, RFC 6455 section 5.2. Reserved values survive as plain numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wstap::ws {

enum Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

constexpr bool is_control(std::uint8_t opcode) noexcept {
  return (opcode & 0x8) != 0;
}
constexpr bool is_message_start(std::uint8_t opcode) noexcept {
  return opcode == kText || opcode == kBinary;
}
constexpr bool is_reserved(std::uint8_t opcode) noexcept {
  return (opcode >= 0x3 && opcode <= 0x7) || opcode >= 0xb;
}

/// "text", "close", ...; reserved opcodes by their digit: "reserved-0x3".
constexpr std::string_view opcode_name(std::uint8_t opcode) noexcept {
  constexpr std::array<std::string_view, 16> kNames = {
      "continuation", "text",         "binary",       "reserved-0x3", "reserved-0x4", "reserved-0x5",
      "reserved-0x6", "reserved-0x7", "close",        "ping",         "pong",         "reserved-0xb",
      "reserved-0xc", "reserved-0xd", "reserved-0xe", "reserved-0xf"};
  return kNames[opcode & 0xf];
}

}  // namespace wstap::ws

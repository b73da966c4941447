// SPDX-License-Identifier: Apache-2.0
// The names of opcodes and directions, which users type and captures keep.
#include <gtest/gtest.h>

#include <utility>

#include "libcore/ws/direction.h"
#include "libcore/ws/opcode.h"

namespace wstap::ws {
namespace {

// RFC 6455 5.2 and 11.8.
TEST(Opcode, EachHasItsKindAndItsName) {
  enum class Kind : std::uint8_t { continuation, message, control, reserved_data, reserved_control };
  using enum Kind;
  const std::pair<Kind, std::string_view> rows[16] = {
      {continuation, "continuation"},
      {message, "text"},
      {message, "binary"},
      {reserved_data, "reserved-0x3"},
      {reserved_data, "reserved-0x4"},
      {reserved_data, "reserved-0x5"},
      {reserved_data, "reserved-0x6"},
      {reserved_data, "reserved-0x7"},
      {control, "close"},
      {control, "ping"},
      {control, "pong"},
      {reserved_control, "reserved-0xb"},
      {reserved_control, "reserved-0xc"},
      {reserved_control, "reserved-0xd"},
      {reserved_control, "reserved-0xe"},
      {reserved_control, "reserved-0xf"},
  };
  for (std::uint8_t opcode = 0; opcode < 16; ++opcode) {
    const auto [kind, name] = rows[opcode];
    EXPECT_EQ(opcode_name(opcode), name);
    EXPECT_EQ(is_message_start(opcode), kind == message) << name;
    EXPECT_EQ(is_control(opcode), kind == control || kind == reserved_control) << name;
    EXPECT_EQ(is_reserved(opcode), kind == reserved_data || kind == reserved_control) << name;
  }
}

TEST(Direction, NamesAreFromTheClientsSide) {
  EXPECT_EQ(name(Direction::send), "send");
  EXPECT_EQ(name(Direction::receive), "receive");
  EXPECT_EQ(long_name(Direction::send), "client_to_server");
  EXPECT_EQ(long_name(Direction::receive), "server_to_client");
}

TEST(Direction, OppositesAndIndexesPairUp) {
  EXPECT_EQ(opposite(Direction::send), Direction::receive);
  EXPECT_EQ(opposite(Direction::receive), Direction::send);
  EXPECT_EQ(index(Direction::send), 0U);
  EXPECT_EQ(index(Direction::receive), 1U);
}

}  // namespace
}  // namespace wstap::ws

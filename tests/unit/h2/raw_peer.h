// SPDX-License-Identifier: Apache-2.0
// A Session whose peer is bytes put together by hand.
#pragma once

#include "tests/support/h2_frames.h"
#include "tests/unit/h2/session_pair.h"

namespace wstap::h2::test {

namespace frames = wstap::test::h2;

/// A session that was greeted as it should be, and is told whatever a test makes up.
class RawPeer {
 public:
  explicit RawPeer(Role role, const Limits& limits = {}, bool connect_protocol = false) : peer(role, limits) {
    peer.session.start(connect_protocol);
    if (role == Role::server) append(greeting, frames::kPreface);
    append(greeting, frames::settings_frame());
  }

  /// @return it goes on.
  bool say(Bytes wire) {
    if (peer.error) return false;
    if (auto read = peer.session.receive(wire, now); !read) peer.error = read.error();
    return !peer.error;
  }
  bool greet() { return say(greeting); }

  Buffer output(std::size_t most = ~std::size_t{0}) {
    Buffer out;
    while (peer.session.wants_write()) peer.session.take_output(out, most);
    return out;
  }

  /// The frames that it said last: "RST_STREAM 1 PROTOCOL_ERROR", "GOAWAY ...", "HEADERS 1", one a line.
  std::string said() {
    std::string all;
    const Buffer out = output();
    Bytes rest = out;
    if (as_text(rest).starts_with(frames::kPreface)) rest = rest.subspan(frames::kPreface.size());
    while (rest.size() >= 9) {
      const std::size_t length = load_be<std::uint32_t>(rest) >> 8;
      const auto type = static_cast<std::uint8_t>(rest[3]);
      const auto stream = load_be<std::uint32_t>(rest.subspan(5));
      const Bytes payload = rest.subspan(9, length);
      all += std::string(kTypes.at(type)) + " " + std::to_string(stream);
      if (type == frames::rst_stream) all += " " + code_name(load_be<std::uint32_t>(payload));
      if (type == frames::goaway) all += " " + code_name(load_be<std::uint32_t>(payload.subspan(4)));
      all += "\n";
      rest = rest.subspan(9 + length);
    }
    EXPECT_TRUE(rest.empty());
    return all;
  }

  Peer peer;
  Buffer greeting;
  UnixNs now = kNow;

 private:
  static constexpr std::array<std::string_view, 10> kTypes = {
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
};

}  // namespace wstap::h2::test

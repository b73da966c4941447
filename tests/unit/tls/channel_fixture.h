// SPDX-License-Identifier: Apache-2.0
// Both ends of a TLS connection over memory, made by the code under test, and an authority to trust.
#pragma once

#include <gtest/gtest.h>

#include "libcore/tls/interception.h"
#include "tests/support/bytes.h"
#include "tests/support/memory_wire.h"
#include "tests/support/temp_dir.h"

namespace wstap::tls {

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return *std::move(result);
}

inline UnixNs now() {
  return SystemClock().now_ns();
}

inline Authority authority_in(const std::string& dir) {
  return value_or_throw(Authority::open_or_create(dir, now()));
}

/// As `ended`, `want_read`, in failures of tests.
inline const char* name_of(ChannelStatus status) {
  constexpr const char* kNames[] = {"ok", "want_read", "want_write", "eof", "truncated", "failed"};
  return kNames[static_cast<std::size_t>(status)];
}
inline void PrintTo(ChannelStatus status, std::ostream* out) {
  *out << name_of(status);
}

class ChannelFixture : public testing::Test {
 protected:
  static constexpr const char* kHost = "server.example";

  Scratch scratch() { return {scratch_in_, scratch_out_}; }

  std::unique_ptr<Channel> server(std::vector<std::string> alpn = {}) {
    return value_or_throw(tls_.accept(server_wire_, kHost, {}, std::move(alpn), now()));
  }
  std::unique_ptr<Channel> client(const std::vector<std::string>& alpn = {}) {
    return value_or_throw(tls_.connect(client_wire_, kHost, alpn));
  }

  /// Lets both take turns until both are done, or one has failed, or nothing moves any more.
  std::pair<ChannelStatus, ChannelStatus> shake_hands(Channel& client, Channel& server) {
    auto left = ChannelStatus::want_read, right = ChannelStatus::want_read;
    for (int turn = 0; turn < 100'000; ++turn) {
      if (left != ChannelStatus::failed) left = client.handshake(scratch()).status;
      if (right != ChannelStatus::failed) right = server.handshake(scratch()).status;
      // A server whose wire is full of its session ticket is done as well: its client would read on by now.
      if (left == ChannelStatus::ok && right == ChannelStatus::want_write) right = ChannelStatus::ok;
      if (left == ChannelStatus::ok && right == ChannelStatus::ok) break;
      // Once more after a failure: its alert is on the way.
      if ((left == ChannelStatus::failed || right == ChannelStatus::failed) && turn > 50) break;
    }
    return {left, right};
  }

  /// A connected pair.
  struct Pair {
    std::unique_ptr<Channel> client, server;
  };
  Pair connected() {
    Pair pair{client(), server()};
    const auto [left, right] = shake_hands(*pair.client, *pair.server);
    if (left != ChannelStatus::ok || right != ChannelStatus::ok) throw std::runtime_error("no handshake");
    return pair;
  }

  /// Writes all of `bytes`; the wire has to take it.
  void write_all(Channel& to, Bytes bytes) {
    while (!bytes.empty()) {
      const auto put = to.write(bytes, scratch());
      ASSERT_EQ(put.status, ChannelStatus::ok);
      ASSERT_NE(put.bytes, 0U);
      bytes = bytes.subspan(put.bytes);
    }
    ASSERT_EQ(to.unsent(), 0U);
  }

  /// Reads until it would block or ends; the status of that in `last`. Asks twice: each read receives once,
  /// and may get no more than the start of a record, or just the end.
  Buffer read_all(Channel& from, ChannelStatus& last, std::size_t room = 64 * 1024) {
    Buffer all, some(room);
    for (int blocked = 0; blocked < 2;) {
      const auto got = from.read(some, scratch());
      last = got.status;
      append(all, Bytes(some).first(got.bytes));
      blocked = got.status == ChannelStatus::want_read ? blocked + 1 : 0;
      if (got.status != ChannelStatus::ok && blocked == 0) break;
    }
    return all;
  }

  test::TempDir dir_;
  Interception tls_ = value_or_throw(
      Interception::make(authority_in(dir_ / "ca"), {.upstream_ca = dir_ / "ca/wstap-ca.pem"}));
  test::Tube to_server_, to_client_;
  test::MemoryWire client_wire_{to_client_, to_server_}, server_wire_{to_server_, to_client_};

 private:
  Buffer scratch_in_ = Buffer(256 * 1024), scratch_out_ = Buffer(256 * 1024);
};

}  // namespace wstap::tls

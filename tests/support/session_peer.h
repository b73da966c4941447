// SPDX-License-Identifier: Apache-2.0
// The other end of an HTTP/2 connection: a session, and what it was told.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "libcore/h2/session.h"
#include "tests/support/bytes.h"
#include "tests/support/pipe_transport.h"

namespace wstap::test {

class SessionPeer final : public h2::Events {
 public:
  SessionPeer(h2::Role role, const h2::Limits& limits) : session(role, limits, *this) {}

  /// Both ends say what they have to say, until neither has.
  void exchange(asio::io_context& io, PipePeer& wire) {
    for (bool more = true; more;) {
      Buffer out;
      session.take_output(out, 1 << 20);
      if (!out.empty()) wire.send(out);
      settle(io);
      const Buffer in = wire.receive();
      if (!in.empty()) {
        EXPECT_TRUE(session.receive(in, 0));
      }
      more = !out.empty() || !in.empty();
    }
  }

  h2::Session session;
  std::map<h2::StreamId, h2::Fields> heads;
  std::map<h2::StreamId, std::string> received;
  std::map<h2::StreamId, std::uint32_t> resets;
  std::set<h2::StreamId> ended_streams;
  h2::Fields trailers;
  int goaways = 0;
  bool consumes = true;

 private:
  void settings(const h2::PeerSettings&) override {}
  void fields(h2::StreamId id, h2::Section section, h2::Fields fields, bool end) override {
    (section == h2::Section::trailers ? trailers : heads[id]) = std::move(fields);
    if (end) ended_streams.insert(id);
  }
  void data(h2::StreamId id, Bytes bytes) override {
    received[id] += as_text(bytes);
    if (consumes) session.consume(id, bytes.size());
  }
  void ended(h2::StreamId id) override { ended_streams.insert(id); }
  void reset(h2::StreamId id, std::uint32_t code) override { resets[id] = code; }
  void closed(h2::StreamId) override {}
  void writable(h2::StreamId) override {}
  void goaway(h2::StreamId, std::uint32_t, Bytes) override { ++goaways; }
};

}  // namespace wstap::test

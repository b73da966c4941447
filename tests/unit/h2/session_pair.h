// SPDX-License-Identifier: Apache-2.0
// A client and a server Session, coupled in memory; what either is told is kept, and can be asked for. Bytes
// go over in pieces of random size.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "libcore/h2/errors.h"
#include "libcore/h2/session.h"
#include "tests/support/bytes.h"

namespace wstap::h2::test {

using wstap::test::bytes;
using wstap::test::random_bytes;
using wstap::test::text;

constexpr UnixNs kNow = 1'700'000'000'000'000'000;
constexpr UnixNs kSecond = 1'000'000'000;

struct Told {
  Section section;
  Fields fields;
  bool end;
  bool operator==(const Told&) const = default;
};

/// What was told of one stream.
struct Record {
  std::vector<Told> sections;
  Buffer data;
  bool ended = false;  ///< by ended(), or with fields
  std::optional<std::uint32_t> reset;
  bool closed = false;
  std::size_t writable = 0;

  const Fields& head() const { return sections.at(0).fields; }
};

/// One end of a connection.
class Peer final : public Events {
 public:
  Peer(Role role, const Limits& limits) : session(role, limits, *this) {}

  Record& operator[](StreamId stream) { return records[stream]; }
  /// The only stream that was told of.
  StreamId only() const {
    EXPECT_EQ(records.size(), 1U);
    return records.begin()->first;
  }

  std::function<void(StreamId, const Told&)> on_fields = [](StreamId, const Told&) {};
  std::function<void(StreamId, Bytes)> on_data = [this](StreamId id, Bytes data) {
    session.consume(id, data.size());
  };
  std::function<void(StreamId)> on_writable = [](StreamId) {};

  std::map<StreamId, Record> records;
  std::vector<PeerSettings> announced;
  struct Goaway {
    StreamId last;
    std::uint32_t code;
    std::string debug;
  };
  std::vector<Goaway> goaways;
  std::map<StreamId, std::string> refusals;
  std::optional<Error> error;
  std::uint64_t sent = 0;  ///< bytes that left
  Session session;

 private:
  void settings(const PeerSettings& settings) override { announced.push_back(settings); }
  void fields(StreamId id, Section section, Fields fields, bool end) override {
    Record& record = open(id);
    EXPECT_FALSE(record.ended);
    record.ended = end;
    record.sections.push_back({section, std::move(fields), end});
    on_fields(id, Told(record.sections.back()));
  }
  void data(StreamId id, Bytes data) override {
    EXPECT_FALSE(open(id).ended);
    append(records[id].data, data);
    on_data(id, data);
  }
  void ended(StreamId id) override { EXPECT_FALSE(std::exchange(open(id).ended, true)); }
  void reset(StreamId id, std::uint32_t code) override { EXPECT_FALSE(std::exchange(open(id).reset, code)); }
  void closed(StreamId id) override { EXPECT_FALSE(std::exchange(records[id].closed, true)); }
  void writable(StreamId id) override {
    ++open(id).writable;
    on_writable(id);
  }
  void refused(StreamId id, std::string_view why) override { refusals[id] = why; }
  void goaway(StreamId last, std::uint32_t code, Bytes debug) override {
    goaways.push_back({last, code, text(debug)});
  }

  Record& open(StreamId id) {
    EXPECT_FALSE(error) << "told of after the end";
    Record& record = records[id];
    EXPECT_FALSE(record.closed) << "told of after it was closed";
    return record;
  }
};

class SessionPair : public testing::Test {
 protected:
  explicit SessionPair(const Limits& of_client = {}, const Limits& of_server = {})
      : client(Role::client, of_client), server(Role::server, of_server) {}

  void start(bool connect_protocol = true) {
    client.session.start(false);
    server.session.start(connect_protocol);
  }

  /// Everything that `from` has to say, at most `most` bytes at a time.
  static Buffer output_of(Peer& from, std::size_t most = ~std::size_t{0}) {
    Buffer out;
    while (from.session.wants_write()) from.session.take_output(out, most);
    from.sent += out.size();
    return out;
  }

  /// Hands `wire` over in pieces.
  void give(Peer& to, Bytes wire) {
    while (!wire.empty() && !to.error) {
      const auto piece = wire.first(std::min<std::size_t>(wire.size(), 1 + random_() % most_at_once));
      wire = wire.subspan(piece.size());
      if (auto read = to.session.receive(piece, now); !read) to.error = read.error();
    }
  }

  /// Until both have nothing to say; the one that begins is drawn.
  void run() {
    bool from_client = random_() % 2 == 0;
    for (int quiet = 0; quiet < 2; from_client = !from_client) {
      Peer& from = from_client ? client : server;
      const Buffer wire = output_of(from, 1 + random_() % most_at_once);
      quiet = wire.empty() ? quiet + 1 : 0;
      give(from_client ? server : client, wire);
    }
  }

  /// A request of the client's that has come to the server.
  StreamId request(const Fields& head, bool end = true) {
    const auto id = client.session.request(head, end);
    EXPECT_TRUE(id.has_value());
    run();
    return id.value_or(0);
  }

  static Fields get(std::string path = "/") {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", std::move(path)}};
  }
  static Fields post() {
    return {{":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
  }
  static Fields websocket() {
    return {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"},
            {":path", "/chat"},     {":authority", "a.test"},   {"sec-websocket-version", "13"}};
  }
  static Fields ok() { return {{":status", "200"}}; }

  Peer client, server;
  UnixNs now = kNow;
  std::size_t most_at_once = 5000;

 private:
  std::mt19937 random_{7};
};

}  // namespace wstap::h2::test

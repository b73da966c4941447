// SPDX-License-Identifier: Apache-2.0
// How streams and connections end: half-closed, reset, refused, GOAWAY (RFC 9113 5.1, 6.4, 6.8).
#include <gmock/gmock.h>

#include "tests/unit/h2/session_pair.h"

namespace wstap::h2 {
namespace {

using namespace test;

constexpr auto kCancel = static_cast<std::uint32_t>(Code::cancel);
constexpr auto kRefused = static_cast<std::uint32_t>(Code::refused_stream);

class SessionEnd : public SessionPair {
 protected:
  SessionEnd() : SessionPair({.streams = 8}, {.streams = 4}) { start(); }

  StreamId open() {
    run();
    const StreamId id = request(websocket(), false);
    server.session.respond(id, ok(), false);
    run();
    return id;
  }
};

// H2-2
TEST_F(SessionEnd, H2_2_EndOfStreamIsHalfClose) {
  const StreamId id = open();
  client.session.end(id);
  run();
  EXPECT_TRUE(server[id].ended);
  EXPECT_FALSE(server[id].closed || client[id].closed);
  server.session.send(id, bytes("still"));
  run();
  EXPECT_EQ(text(client[id].data), "still");
  server.session.end(id);
  run();
  EXPECT_TRUE(client[id].ended);
  EXPECT_TRUE(server[id].closed && client[id].closed);
  EXPECT_FALSE(client[id].reset || server[id].reset);
}

// H2-2
TEST_F(SessionEnd, H2_2_ResetsArePassedOn) {
  for (const bool by_client : {true, false}) {
    const StreamId id = open();
    Peer& from = by_client ? client : server;
    Peer& to = by_client ? server : client;
    to.session.send(id, bytes("lost"));
    from.session.send(id, bytes("lost too"));
    from.session.reset(id, Code::cancel);
    from.session.reset(id, Code::internal_error);
    EXPECT_EQ(from.session.unsent(id), 0U);
    give(to, output_of(from));
    EXPECT_EQ(to[id].reset, kCancel) << "the first counts";
    EXPECT_TRUE(to[id].closed && from[id].closed);
    EXPECT_TRUE(to[id].data.empty());
    EXPECT_FALSE(from[id].reset) << "who did it need not be told";
    EXPECT_EQ(to.session.unsent(id), 0U);
    run();
    EXPECT_TRUE(from[id].data.empty());
    EXPECT_EQ(client.session.open_streams(), 0U);
    EXPECT_EQ(server.session.open_streams(), 0U);
  }
}

TEST_F(SessionEnd, AResetBehindTheEndIsToldAsWell) {
  const StreamId id = request(post(), false);
  server.session.respond(id, ok(), true);
  run();
  EXPECT_TRUE(client[id].ended);
  server.session.reset(id, Code::no_error);
  run();
  EXPECT_EQ(client[id].reset, 0U);
  EXPECT_TRUE(client[id].closed && server[id].closed);
  EXPECT_EQ(client.session.send(id, bytes("x")), 0U);
}

TEST_F(SessionEnd, EventsMayGiveStreamsUp) {
  run();
  server.on_fields = [this](StreamId id, const Told&) { server.session.reset(id, Code::refused_stream); };
  const auto id = client.session.request(post(), false).value();
  client.session.send(id, bytes("some"));
  client.session.end(id);
  run();
  EXPECT_TRUE(server[id].data.empty()) << "what follows is ignored";
  EXPECT_FALSE(server[id].ended);
  EXPECT_TRUE(server[id].closed);
  EXPECT_EQ(client[id].reset, kRefused);
}

// H2-2
TEST_F(SessionEnd, H2_2_GoawayOfTheServerLetsItsStreamsGoOn) {
  const StreamId id = open();
  server.session.say_goaway(Code::no_error);
  run();
  ASSERT_EQ(client.goaways.size(), 1U);
  EXPECT_EQ(client.goaways[0].last, id);
  EXPECT_EQ(client.goaways[0].code, 0U);
  const auto refused = client.session.request(get(), true);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::too_many_streams);

  client.session.send(id, bytes("on"));
  run();
  EXPECT_EQ(text(server[id].data), "on");
  EXPECT_FALSE(client.session.over() || server.session.over());
  client.session.end(id);
  server.session.end(id);
  run();
  EXPECT_TRUE(client[id].closed && server[id].closed);
  EXPECT_TRUE(client.session.over() && server.session.over());
  EXPECT_FALSE(client.error || server.error);
}

// H2-2
TEST_F(SessionEnd, H2_2_GoawayRefusesWhatTheServerHasNotLookedAt) {
  const StreamId open_one = open();
  server.session.say_goaway(Code::no_error);
  const auto on_its_way = client.session.request(get(), true).value();
  give(server, output_of(client));
  EXPECT_TRUE(server[on_its_way].sections.empty() || server[on_its_way].reset == kRefused);
  run();
  EXPECT_EQ(client[on_its_way].reset, kRefused);
  EXPECT_TRUE(client[on_its_way].closed);
  EXPECT_FALSE(client[open_one].closed);
}

// H2-2
TEST_F(SessionEnd, H2_2_GoawayRefusesRequestsThatWait) {
  for (int i = 0; i < 4; ++i) open();
  const auto waits = client.session.request(get(), true).value();
  run();
  EXPECT_TRUE(server[waits].sections.empty());
  server.session.say_goaway(Code::enhance_your_calm);
  run();
  EXPECT_EQ(client.goaways.at(0).code, static_cast<std::uint32_t>(Code::enhance_your_calm));
  EXPECT_EQ(client[waits].reset, kRefused);
  EXPECT_TRUE(client[waits].closed);
  EXPECT_EQ(client.session.open_streams(), 4U);
}

TEST_F(SessionEnd, RequestsWaitUntilTheServerAllowsThem) {
  std::vector<StreamId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(open());
  const auto fifth = client.session.request(get(), true).value();
  const auto sixth = client.session.request(get(), true).value();
  run();
  EXPECT_EQ(server.records.count(fifth), 0U);
  EXPECT_EQ(client.session.open_streams(), 6U);
  client.session.reset(ids[0], Code::cancel);
  run();
  EXPECT_EQ(server.records.count(fifth), 1U);
  EXPECT_EQ(server.records.count(sixth), 0U);
  server.session.respond(fifth, ok(), true);
  run();
  EXPECT_TRUE(client[fifth].closed);
  EXPECT_EQ(server.records.count(sixth), 1U);
}

TEST_F(SessionEnd, RequestsThatWaitCanBeGivenUp) {
  for (int i = 0; i < 4; ++i) open();
  const auto waits = client.session.request(get(), true).value();
  client.session.reset(waits, Code::cancel);
  EXPECT_TRUE(client.session.wants_write()) << "somebody must be told";
  run();
  EXPECT_TRUE(client[waits].closed);
  EXPECT_FALSE(client[waits].reset);
  EXPECT_EQ(server.records.count(waits), 0U);
}

// H2-4
TEST_F(SessionEnd, H2_4_OnlySoManyRequestsWait) {
  for (int i = 0; i < 4; ++i) open();
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(client.session.request(get(), true).has_value());
  const auto ninth = client.session.request(get(), true);
  ASSERT_FALSE(ninth.has_value());
  EXPECT_EQ(ninth.error().code, Errc::too_many_streams);
  EXPECT_EQ(ninth.error().detail, "waiting=8");
  run();
  EXPECT_FALSE(client.session.request(get(), true).has_value()) << "they wait still";
}

TEST_F(SessionEnd, ASessionIsOverOnlyWhenItHasNothingMoreToSay) {
  run();
  EXPECT_FALSE(server.session.over());
  server.session.say_goaway(Code::no_error);
  EXPECT_FALSE(server.session.over());
  output_of(server);
  EXPECT_TRUE(server.session.over());
}

TEST_F(SessionEnd, AResponseHeadThatIsTooLargeToBeSentEndsItsStream) {
  const StreamId id = request(get());
  server.session.respond(id, {{":status", "200"}, {"x", std::string(200'000, 'x')}}, false);
  run();
  EXPECT_EQ(client[id].reset, static_cast<std::uint32_t>(Code::internal_error));
  EXPECT_TRUE(server[id].closed && client[id].closed);
}

TEST_F(SessionEnd, ARequestHeadThatIsTooLargeToBeSentIsRefused) {
  auto head = get();
  head.push_back({"x", std::string(200'000, 'x')});
  const StreamId id = request(head);
  EXPECT_EQ(client[id].reset, kRefused);
  EXPECT_TRUE(client[id].closed);
  EXPECT_TRUE(server.records.empty());
}

}  // namespace
}  // namespace wstap::h2

// SPDX-License-Identifier: Apache-2.0
// Requests and responses, and WebSockets, as they go from one end of a connection to the other (RFC 9113
// section 8, RFC 8441).
#include <gmock/gmock.h>

#include "tests/unit/h2/session_pair.h"

namespace wstap::h2 {
namespace {

using testing::ElementsAre;
using namespace test;

class SessionExchange : public SessionPair {};

TEST_F(SessionExchange, SettingsAreToldAsTheyCome) {
  start();
  run();
  ASSERT_EQ(client.announced.size(), 1U);
  EXPECT_TRUE(client.session.peer().connect_protocol);
  EXPECT_EQ(client.session.peer().streams, 256U);
  EXPECT_EQ(client.session.peer().header_list_bytes, 64U * 1024);
  ASSERT_EQ(server.announced.size(), 1U);
  EXPECT_FALSE(server.session.peer().connect_protocol);
  EXPECT_EQ(server.session.peer().header_list_bytes, 64U * 1024);
}

TEST_F(SessionExchange, RequestAndResponseKeepTheirFieldsInOrder) {
  start();
  auto head = get("/a?b");
  head.push_back({"x-two", "2"});
  head.push_back({"x-four", "a=1"});
  head.push_back({"x-one", "1"});
  head.push_back({"x-four", "b=2"});
  const StreamId id = request(head);
  EXPECT_THAT(server[id].sections, ElementsAre(Told{Section::head, head, true}));

  const Fields answer = {{":status", "404"}, {"z", "1"}, {"a", ""}, {"z", "2"}};
  server.session.respond(id, answer, true);
  run();
  EXPECT_THAT(client[id].sections, ElementsAre(Told{Section::head, answer, true}));
  EXPECT_TRUE(client[id].closed);
  EXPECT_TRUE(server[id].closed);
  EXPECT_EQ(client.session.open_streams(), 0U);
  EXPECT_EQ(server.session.open_streams(), 0U);
}

TEST_F(SessionExchange, BodiesGoBothWays) {
  start();
  const Buffer up = random_bytes(50'000, 1), down = random_bytes(40'000, 2);
  const StreamId id = request(post(), false);
  EXPECT_FALSE(server[id].ended);
  EXPECT_EQ(client.session.send(id, up), up.size());
  client.session.end(id);
  run();
  EXPECT_EQ(server[id].data, up);
  EXPECT_TRUE(server[id].ended);
  EXPECT_FALSE(server[id].closed);

  server.session.respond(id, ok(), false);
  EXPECT_EQ(server.session.send(id, down), down.size());
  server.session.end(id);
  run();
  EXPECT_EQ(client[id].data, down);
  EXPECT_TRUE(client[id].ended);
  EXPECT_TRUE(client[id].closed);
  EXPECT_TRUE(server[id].closed);
}

TEST_F(SessionExchange, BytesMayBeGivenBeforeTheHead) {
  start();
  const StreamId id = request(get());
  server.session.send(id, bytes("early"));
  server.session.end(id);
  run();
  EXPECT_TRUE(client[id].sections.empty());
  server.session.respond(id, ok(), false);
  run();
  EXPECT_EQ(text(client[id].data), "early");
  EXPECT_TRUE(client[id].ended);
}

TEST_F(SessionExchange, EndOfStreamRidesOnTheLastBytes) {
  start();
  const StreamId id = request(get());
  run();
  server.session.respond(id, ok(), false);
  run();
  server.session.send(id, bytes("last"));
  server.session.end(id);
  const Buffer wire = output_of(server);
  EXPECT_EQ(wire.size(), 9U + 4U) << "one frame";
  give(client, wire);
  EXPECT_TRUE(client[id].ended);
}

TEST_F(SessionExchange, EndOfStreamComesAloneWhenTheBytesHaveLeft) {
  start();
  const StreamId id = request(get());
  server.session.respond(id, ok(), false);
  server.session.send(id, bytes("last"));
  run();
  EXPECT_FALSE(client[id].ended);
  server.session.end(id);
  const Buffer wire = output_of(server);
  EXPECT_EQ(wire.size(), 9U);
  give(client, wire);
  EXPECT_TRUE(client[id].ended);
  EXPECT_EQ(text(client[id].data), "last");
}

TEST_F(SessionExchange, InterimResponsesComeBeforeTheFinalOne) {
  start();
  const StreamId id = request(post(), false);
  const Fields hints = {{":status", "103"}, {"link", "</a.css>"}};
  server.session.respond_interim(id, {{":status", "100"}});
  server.session.respond_interim(id, hints);
  server.session.respond(id, ok(), true);
  server.session.respond_interim(id, hints);
  server.session.respond(id, ok(), true);
  run();
  EXPECT_THAT(client[id].sections,
              ElementsAre(Told{Section::interim, {{":status", "100"}}, false},
                          Told{Section::interim, hints, false}, Told{Section::head, ok(), true}))
      << "what comes too late is left alone";
}

TEST_F(SessionExchange, TrailersFollowTheBytes) {
  start();
  const Fields trailers = {{"grpc-status", "0"}, {"x", "y"}};
  const StreamId id = request(post(), false);
  client.session.send(id, bytes("up"));
  client.session.end(id, trailers);
  run();
  EXPECT_EQ(text(server[id].data), "up");
  EXPECT_THAT(server[id].sections, ElementsAre(testing::_, Told{Section::trailers, trailers, true}));

  server.session.respond(id, ok(), false);
  server.session.end(id, trailers);
  run();
  EXPECT_THAT(client[id].sections,
              ElementsAre(Told{Section::head, ok(), false}, Told{Section::trailers, trailers, true}))
      << "without bytes as well";
  EXPECT_TRUE(client[id].closed);
}

TEST_F(SessionExchange, FieldsThatAreNeverIndexedStaySo) {
  start();
  auto head = get();
  head.push_back({"authorization", "secret", true});
  head.push_back({"x", "public"});
  for (int twice = 0; twice < 2; ++twice) {
    const StreamId id = request(head);
    EXPECT_EQ(server[id].head(), head);
    const Fields answer = {{":status", "200"}, {"set-cookie", "a=b", true}};
    server.session.respond(id, answer, true);
    run();
    EXPECT_EQ(client[id].head(), answer);
  }
}

TEST_F(SessionExchange, WhiteSpaceAroundValuesIsCutOff) {
  start();
  auto head = get();
  head.push_back({"x", " \tin between \t"});
  const StreamId id = request(head);
  EXPECT_EQ(*find(server[id].head(), "x"), "in between");
}

TEST_F(SessionExchange, ManyStreamsShareAConnection) {
  start();
  server.on_fields = [this](StreamId id, const Told& told) {
    server.session.respond(id, ok(), false);
    server.session.send(id, bytes(*find(told.fields, ":path")));
    server.session.end(id);
  };
  std::map<StreamId, std::string> asked;
  for (int i = 0; i < 200; ++i) {
    const std::string path = "/" + std::to_string(i);
    asked[client.session.request(get(path), true).value()] = path;
    if (i % 7 == 0) run();
  }
  run();
  for (const auto& [id, path] : asked) {
    EXPECT_EQ(text(client[id].data), path);
    EXPECT_TRUE(client[id].closed && server[id].closed);
  }
}

// H2-1
TEST_F(SessionExchange, H2_1_ExtendedConnectOpensATunnel) {
  start();
  run();
  const StreamId id = request(websocket(), false);
  EXPECT_EQ(server[id].head(), websocket());
  server.session.respond(id, {{":status", "200"}, {"sec-websocket-protocol", "chat"}}, false);
  run();
  EXPECT_EQ(*find(client[id].head(), "sec-websocket-protocol"), "chat");

  for (const char* word : {"one", "two", "three"}) {
    client.session.send(id, bytes(word));
    run();
    EXPECT_TRUE(text(server[id].data).ends_with(word)) << "nothing waits for more";
    server.session.send(id, bytes(word));
    run();
    EXPECT_TRUE(text(client[id].data).ends_with(word));
  }
  EXPECT_EQ(text(client[id].data), "onetwothree");
  EXPECT_FALSE(client[id].ended || server[id].ended);
}

// H2-1
TEST_F(SessionExchange, H2_1_ExtendedConnectIsRefusedWhereItWasNotAnnounced) {
  start(false);
  run();
  EXPECT_FALSE(client.session.peer().connect_protocol);
  const StreamId id = request(websocket(), false);
  EXPECT_TRUE(server.records.empty());
  EXPECT_EQ(client[id].reset, static_cast<std::uint32_t>(Code::protocol_error));
  EXPECT_TRUE(client[id].closed);
  EXPECT_FALSE(server.error) << "only the stream is malformed";
  EXPECT_EQ(server.refusals[id], "it is malformed (RFC 9113 8.1.1)");
  request(get());
  EXPECT_EQ(server.records.size(), 1U);
}

// H2-1
TEST_F(SessionExchange, H2_1_ExtendedConnectMayBeAnnouncedLater) {
  start(false);
  run();
  server.session.announce_connect_protocol();
  run();
  ASSERT_EQ(client.announced.size(), 2U);
  EXPECT_TRUE(client.announced[1].connect_protocol);
  EXPECT_EQ(client.announced[1].streams, 256U) << "what is not said again stays";
  server.session.announce_connect_protocol();
  run();
  EXPECT_EQ(client.announced.size(), 2U) << "once is enough";
  const StreamId id = request(websocket(), false);
  EXPECT_EQ(server[id].head(), websocket());
}

TEST_F(SessionExchange, EachSideAnnouncesItsOwnLimits) {
  Peer small(Role::server, {.streams = 9, .header_list_bytes = 1000});
  small.session.start(false, 5);
  client.session.start(false);
  give(client, output_of(small));
  EXPECT_EQ(client.session.peer().streams, 5U);
  EXPECT_EQ(client.session.peer().header_list_bytes, 1000U);
  Peer other(Role::server, {.streams = 9});
  Peer asking(Role::client, {});
  asking.session.start(false);
  other.session.start(false, 100);
  give(asking, output_of(other));
  EXPECT_EQ(asking.session.peer().streams, 9U) << "never more than its limit";
}

}  // namespace
}  // namespace wstap::h2

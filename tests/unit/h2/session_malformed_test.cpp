// SPDX-License-Identifier: Apache-2.0
// What RFC 9113 forbids, byte by byte: what ends the connection and what ends a stream only, wherever the
// bytes are split.
#include <gmock/gmock.h>

#include "tests/unit/h2/raw_peer.h"

namespace wstap::h2 {
namespace {

using testing::HasSubstr;
using namespace test;
using frames::block;
using frames::frame;
using frames::literal;
using frames::numbers;
using wstap::test::concat;

constexpr unsigned kWhole = frames::end_stream | frames::end_headers;

struct Breach {
  const char* name;
  Role role;
  Buffer wire;
  Errc code;
  const char* detail;
};

class SessionBreach : public testing::TestWithParam<Breach> {};

TEST_P(SessionBreach, EndsTheConnectionAtEverySplit) {
  const auto& [name, role, wire, code, detail] = GetParam();
  const bool greeted = code != Errc::bad_preface;
  const std::size_t step = wire.size() > 200 ? wire.size() / 50 : 1;
  for (std::size_t cut = 0; cut <= wire.size(); cut += step) {
    SCOPED_TRACE(cut);
    RawPeer raw(role);
    if (role == Role::client) {
      ASSERT_TRUE(raw.peer.session.request(
          {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, true));
      raw.output();
    }
    if (greeted) {
      ASSERT_TRUE(raw.greet());
    }
    raw.say(Bytes(wire).first(cut));
    raw.say(Bytes(wire).subspan(cut));
    ASSERT_TRUE(raw.peer.error.has_value());
    EXPECT_EQ(raw.peer.error->code, code);
    EXPECT_THAT(raw.peer.error->detail, HasSubstr(detail));
    EXPECT_THAT(raw.said(), HasSubstr("GOAWAY 0 "));
    EXPECT_TRUE(raw.peer.session.over());
    const auto again = raw.peer.session.receive(bytes("more"), kNow);
    ASSERT_FALSE(again.has_value()) << "it stays over";
    EXPECT_EQ(again.error().code, code);
    EXPECT_FALSE(raw.peer.session.wants_write());
  }
}

Buffer with(Bytes one, Bytes other) {
  return concat({one, other});
}
Buffer head(std::uint32_t stream, Bytes fields, unsigned flags = kWhole) {
  return frame(frames::headers, flags, stream, fields);
}

constexpr auto kServer = Role::server;
constexpr auto kClient = Role::client;

const Breach kBreaches[] = {
    {"NoPreface", kServer, bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Errc::bad_preface, "no preface"},
    {"PrefaceCutShort", kServer, bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r?"), Errc::bad_preface, "no preface"},
    {"FirstFrameOfClient", kServer, with(bytes(frames::kPreface), frames::get(1)), Errc::bad_preface,
     "SETTINGS expected"},
    {"FirstFrameOfServer", kClient, frame(frames::ping, 0, 0, "12345678"), Errc::bad_preface,
     "SETTINGS expected"},
    {"NoHttp2", kClient, bytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), Errc::bad_preface,
     "SETTINGS expected"},
    {"DataOfNoStream", kServer, frame(frames::data, 0, 0, "x"), Errc::protocol, "stream_id == 0"},
    {"DataOfIdleStream", kServer, frame(frames::data, 0, 1, "x"), Errc::protocol, "idle"},
    {"DataBehindTheEnd", kServer, with(frames::get(1), frame(frames::data, 0, 1, "x")), Errc::protocol,
     "half-closed"},
    {"EvenStream", kServer, frames::get(2), Errc::protocol, "invalid stream_id"},
    {"TooLargeFrame", kServer, frame(frames::data, 0, 1, {}, 16'385), Errc::protocol, "too large frame size"},
    {"SettingsOfFiveBytes", kServer, frame(frames::settings, 0, 0, "12345"), Errc::protocol,
     "FRAME_SIZE_ERROR"},
    {"SettingsOfAStream", kServer, frame(frames::settings, 0, 1), Errc::protocol, "stream_id != 0"},
    {"SettingsWithAHugeWindow", kServer, frames::settings_frame({{4, 0x8000'0000}}), Errc::protocol,
     "INITIAL_WINDOW_SIZE"},
    {"SettingsNobodyAskedFor", kServer,
     with(frame(frames::settings, frames::ack, 0), frame(frames::settings, frames::ack, 0)), Errc::protocol,
     "unexpected ACK"},
    {"PingOfSevenBytes", kServer, frame(frames::ping, 0, 0, "1234567"), Errc::protocol, "FRAME_SIZE_ERROR"},
    {"ResetOfIdleStream", kServer, frame(frames::rst_stream, 0, 1, numbers({8})), Errc::protocol, "idle"},
    {"WindowUpdateOfNothing", kServer, frame(frames::window_update, 0, 0, numbers({0})), Errc::protocol,
     "increment == 0"},
    {"WindowThatIsTooLarge", kServer, frame(frames::window_update, 0, 0, numbers({0x7fff'ffff})),
     Errc::protocol, "FLOW_CONTROL_ERROR"},
    {"ContinuationOfNothing", kServer, frame(frames::continuation, 4, 1), Errc::protocol, "CONTINUATION"},
    {"FrameWithinASection", kServer,
     with(head(1, frames::get_block(), frames::end_stream), frame(frames::ping, 0, 0, "12345678")),
     Errc::protocol, "CONTINUATION"},
    {"FieldsThatCannotBeDecoded", kServer, head(1, numbers({0xffff'ffff, 0xffff'ffff})), Errc::protocol,
     "COMPRESSION_ERROR"},
    {"PushOfAClient", kServer, frame(frames::push_promise, 4, 1, numbers({2})), Errc::protocol,
     "PUSH_PROMISE"},
    {"PushOfAServer", kClient, frame(frames::push_promise, 4, 1, concat({numbers({2}), frames::get_block()})),
     Errc::protocol, "PUSH_PROMISE"},
    {"PushIsEnabled", kClient, frames::settings_frame({{2, 1}}), Errc::protocol, "push"},
    {"GoawayOfAStream", kServer, frame(frames::goaway, 0, 1, numbers({0, 0})), Errc::protocol,
     "stream_id != 0"},
    {"PaddingThatIsTooLong", kServer,
     with(head(1, frames::get_block(), frames::end_headers), frame(frames::data, frames::padded, 1,
                                                                   "\x05"
                                                                   "1234")),
     Errc::protocol, "padding"},
    {"StreamThatDependsOnItself", kServer, frame(frames::priority, 0, 3, with(numbers({3}), bytes("x"))),
     Errc::protocol, "depend on itself"},
    {"HeadFromAServerForAnIdleStream", kClient, head(5, block({{":status", "200"}})), Errc::protocol,
     "request HEADERS"},
    {"DataBeforeTheHead", kClient, frame(frames::data, 0, 1, "x"), Errc::protocol, "not opened"},
    {"ConnectProtocolIsTakenBack", kClient,
     with(frames::settings_frame({{8, 1}}), frames::settings_frame({{8, 0}})), Errc::protocol,
     "CONNECT_PROTOCOL"},
    {"ConnectProtocolOfTwo", kClient, frames::settings_frame({{8, 2}}), Errc::protocol, "CONNECT_PROTOCOL"},
};

INSTANTIATE_TEST_SUITE_P(Rfc9113, SessionBreach, testing::ValuesIn(kBreaches),
                         [](const auto& row) { return std::string(row.param.name); });

// H2-1
TEST(SessionMalformed, H2_1_ConnectProtocolIsNeverToldToBeTakenBack) {
  RawPeer raw(Role::client);
  raw.say(frames::settings_frame({{8, 1}}));
  ASSERT_TRUE(raw.peer.session.peer().connect_protocol);
  raw.say(frames::settings_frame({{3, 7}}));
  EXPECT_TRUE(raw.peer.session.peer().connect_protocol) << "what is not said again stays";
  EXPECT_EQ(raw.peer.session.peer().streams, 7U);
  EXPECT_FALSE(raw.say(frames::settings_frame({{8, 0}})));
  EXPECT_TRUE(raw.peer.session.peer().connect_protocol);
  for (const auto& told : raw.peer.announced) EXPECT_TRUE(told.connect_protocol);
}

using RawFields = std::vector<std::pair<const char*, const char*>>;
struct BadRequest {
  const char* name;
  RawFields fields;
};

/// A request that is as it should be, but for one more field.
RawFields get_and(RawFields::value_type field) {
  return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}, field};
}

class SessionBadRequest : public testing::TestWithParam<BadRequest> {};

TEST_P(SessionBadRequest, EndsItsStreamOnly) {
  Buffer fields;
  for (const auto& [name, value] : GetParam().fields) append(fields, literal(name, value));
  const Buffer wire = with(head(1, fields), frames::get(3));
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    RawPeer raw(Role::server);
    raw.greet();
    raw.output();
    EXPECT_TRUE(raw.say(Bytes(wire).first(cut)));
    EXPECT_TRUE(raw.say(Bytes(wire).subspan(cut)));
    EXPECT_EQ(raw.said(), "RST_STREAM 1 PROTOCOL_ERROR\n");
    EXPECT_EQ(raw.peer.only(), 3) << "of the other one nobody was told";
    EXPECT_EQ(raw.peer.session.open_streams(), 1U);
  }
}

const BadRequest kBadRequests[] = {
    {"NoPath", {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}}},
    {"NothingAtAll", {}},
    {"TwoPaths", get_and({":path", "/"})},
    {"UpperCase", get_and({"X-A", "b"})},
    {"BadName", get_and({"x a", "b"})},
    {"BadValue", get_and({"x", "a\nb"})},
    {"Connection", get_and({"connection", "close"})},
    {"Upgrade", get_and({"upgrade", "websocket"})},
    {"UnknownPseudo", get_and({":x", "y"})},
    {"ResponsesPseudo", get_and({":status", "200"})},
    {"LengthWithoutBytes", get_and({"content-length", "5"})},
    {"PseudoBehindOthers",
     {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {"x", "y"}, {":path", "/"}}},
    {"ConnectProtocol",
     {{":method", "CONNECT"},
      {":protocol", "websocket"},
      {":scheme", "https"},
      {":path", "/"},
      {":authority", "a"}}},
};

INSTANTIATE_TEST_SUITE_P(Rfc9113, SessionBadRequest, testing::ValuesIn(kBadRequests),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(SessionMalformed, WhatIsNotMalformedIsTold) {
  Buffer fields;
  for (const auto& [name, value] : get_and({"te", "trailers"})) append(fields, literal(name, value));
  RawPeer raw(Role::server);
  raw.greet();
  raw.say(head(1, fields));
  EXPECT_EQ(raw.peer.only(), 1) << "the frame around the bad requests is good";
}

TEST(SessionMalformed, AStreamThatWasToldOfIsToldToBeReset) {
  const auto heading = block({{":method", "POST"},
                              {":scheme", "https"},
                              {":authority", "a"},
                              {":path", "/"},
                              {"content-length", "3"}});
  RawPeer raw(Role::server);
  raw.greet();
  raw.say(head(1, heading, frames::end_headers));
  raw.output();
  EXPECT_TRUE(raw.say(frame(frames::data, frames::end_stream, 1, "four")));
  EXPECT_EQ(raw.said(), "RST_STREAM 1 PROTOCOL_ERROR\n");
  EXPECT_EQ(raw.peer[1].reset, static_cast<std::uint32_t>(Code::protocol_error));
  EXPECT_TRUE(raw.peer[1].closed);
  EXPECT_FALSE(raw.peer[1].ended);
}

TEST(SessionMalformed, MoreThanTheWindowEndsTheStream) {
  RawPeer raw(Role::server, {.stream_window = 70'000});
  raw.greet();
  raw.say(frame(frames::settings, frames::ack, 0));
  raw.peer.on_data = [](StreamId, Bytes) {};
  raw.say(head(1, frames::get_block(), frames::end_headers));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(raw.say(frame(frames::data, 0, 1, random_bytes(16'000, 1))));
  EXPECT_EQ(raw.peer[1].reset, 3U) << "FLOW_CONTROL_ERROR";
  EXPECT_LE(raw.peer[1].data.size(), 70'000U + 16'384);
  EXPECT_THAT(raw.said(), HasSubstr("RST_STREAM 1 FLOW_CONTROL_ERROR"));
}

TEST(SessionMalformed, A101IsNoResponse) {
  RawPeer raw(Role::client);
  raw.greet();
  const auto id =
      raw.peer.session
          .request({{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, true)
          .value();
  raw.output();
  EXPECT_TRUE(raw.say(head(1, block({{":status", "101"}}), frames::end_headers)));
  EXPECT_EQ(raw.peer[id].reset, static_cast<std::uint32_t>(Code::protocol_error));
  EXPECT_TRUE(raw.peer[id].sections.empty());
}

TEST(SessionMalformed, WhatAGoawaySaysIsBytes) {
  RawPeer raw(Role::client);
  raw.greet();
  EXPECT_TRUE(raw.say(frame(frames::goaway, 0, 0, with(numbers({0, 77}), wstap::test::hex("00 ff 41")))));
  ASSERT_EQ(raw.peer.goaways.size(), 1U);
  EXPECT_EQ(raw.peer.goaways[0].code, 77U);
  EXPECT_EQ(raw.peer.goaways[0].debug, std::string("\0\xff"
                                                   "A",
                                                   3));
}

TEST(SessionMalformed, PaddingIsNotPassedOnAndCountsAsConsumed) {
  RawPeer raw(Role::server, {.stream_window = 65'536});
  raw.greet();
  raw.say(frame(frames::settings, frames::ack, 0));
  raw.peer.on_data = [](StreamId, Bytes) {};
  raw.say(head(1, frames::get_block(), frames::end_headers));
  // 100 times 255 bytes of padding for each byte of data: more than half a window.
  Buffer payload = bytes(
      "\xff"
      "x");
  payload.resize(2 + 255);
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(raw.say(frame(frames::data, frames::padded, 1, payload)));
  EXPECT_EQ(raw.peer[1].data, bytes(std::string(400, 'x')));
  EXPECT_FALSE(raw.peer[1].reset);
  EXPECT_THAT(raw.said(), HasSubstr("WINDOW_UPDATE 1"));
}

TEST(SessionMalformed, TheRestOfAFrameIsNotToldThoughNobodyReadsThatItsStreamWasGivenUp) {
  RawPeer raw(Role::server, {.idle_frames = 10'000});
  raw.greet();
  raw.peer.on_data = [&raw](StreamId id, Bytes) { raw.peer.session.reset(id, Code::cancel); };
  raw.say(head(1, frames::get_block(), frames::end_headers));
  // More answers than are written down, so that the reset stands behind them.
  for (int i = 0; i < 4'500; ++i) raw.say(frame(frames::ping, 0, 0, "12345678"));
  const Buffer wire = frame(frames::data, frames::end_stream, 1, "first and rest");
  EXPECT_TRUE(raw.say(Bytes(wire).first(9 + 5)));
  EXPECT_TRUE(raw.say(Bytes(wire).subspan(9 + 5)));
  EXPECT_FALSE(raw.peer[1].closed);
  EXPECT_EQ(text(raw.peer[1].data), "first");
  EXPECT_FALSE(raw.peer[1].ended);
  EXPECT_THAT(raw.said(), HasSubstr("RST_STREAM 1 CANCEL"));
  EXPECT_TRUE(raw.peer[1].closed);
}

TEST(SessionMalformed, WhatEventsThrowComesOutOfReceive) {
  RawPeer raw(Role::server);
  raw.greet();
  raw.peer.on_fields = [](StreamId, const Told&) { throw std::runtime_error("mine"); };
  EXPECT_THROW(raw.say(frames::get(1)), std::runtime_error);
}

}  // namespace
}  // namespace wstap::h2

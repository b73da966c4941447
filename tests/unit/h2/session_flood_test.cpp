// SPDX-License-Identifier: Apache-2.0
// Floods: frames that cost a peer little and bring nothing. Too many end the connection, whether their
// answers are read or not; what a peer has reason to send does not (H2-4).
#include <gmock/gmock.h>

#include "tests/unit/h2/raw_peer.h"

namespace wstap::h2 {
namespace {

using testing::HasSubstr;
using namespace test;
using frames::block;
using frames::frame;
using frames::numbers;
using wstap::test::concat;

constexpr Limits kLimits{.streams = 50, .idle_frames = 100, .idle_frames_per_second = 10};
constexpr unsigned kWhole = frames::end_stream | frames::end_headers;
const Fields kGet = {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}};

struct Flood {
  const char* name;
  Role role;
  /// The frames that come the `i`-th time.
  Buffer (*frames)(std::uint32_t i);
  const char* detail;
};

class SessionFlood : public testing::TestWithParam<Flood> {
 protected:
  /// A stream is open, 1, and both sides may send of it.
  SessionFlood() : raw(GetParam().role, kLimits) {
    raw.greet();
    if (GetParam().role == Role::client) {
      EXPECT_TRUE(raw.peer.session.request(kGet, false));
    } else {
      raw.say(frame(frames::headers, frames::end_headers, 1, frames::get_block()));
    }
    raw.output();
  }
  RawPeer raw;
};

// H2-4
TEST_P(SessionFlood, H2_4_EndsTheConnectionAndSaysWhatThereWasTooMuchOf) {
  std::uint32_t said = 0;
  while (said < 1'000 && raw.say(GetParam().frames(said))) {
    ++said;
    raw.output();
  }
  ASSERT_TRUE(raw.peer.error.has_value()) << "it went on for ever";
  EXPECT_EQ(raw.peer.error->code, Errc::flooded);
  EXPECT_EQ(raw.peer.error->detail, GetParam().detail);
  EXPECT_GE(said, 40U) << "some are allowed";
  EXPECT_LE(said, 110U);
  EXPECT_THAT(raw.said(), HasSubstr("GOAWAY 0 ENHANCE_YOUR_CALM\n"));
  EXPECT_TRUE(raw.peer.session.over());
}

// H2-4
TEST_P(SessionFlood, H2_4_IsNoFloodWhenItComesSlowly) {
  for (std::uint32_t i = 0; i < 500; ++i) {
    raw.now += kSecond / 4;
    ASSERT_TRUE(raw.say(GetParam().frames(i))) << i << " " << raw.peer.error->text();
    raw.output();
  }
}

// H2-4
TEST_P(SessionFlood, H2_4_WithoutAReaderIsEndedOrTakesLittleMemory) {
  std::uint32_t said = 0;
  for (; said < 20'000 && raw.say(GetParam().frames(said)); ++said) raw.now += kSecond / 4;
  EXPECT_LE(raw.output().size(), 100'000U);
}

const Flood kFloods[] = {
    {"Ping", Role::server, [](std::uint32_t) { return frame(frames::ping, 0, 0, "12345678"); },
     "too many PING"},
    {"PingOfAServer", Role::client, [](std::uint32_t) { return frame(frames::ping, 0, 0, "12345678"); },
     "too many PING"},
    {"Pong", Role::server, [](std::uint32_t) { return frame(frames::ping, frames::ack, 0, "12345678"); },
     "too many PING"},
    {"Settings", Role::server, [](std::uint32_t) { return frames::settings_frame(); }, "too many SETTINGS"},
    {"SettingsOfAServer", Role::client,
     [](std::uint32_t) { return frames::settings_frame({{1, 0}, {1, 4096}}); }, "too many SETTINGS"},
    {"Priority", Role::server,
     [](std::uint32_t i) {
       return frame(frames::priority, 0, 2 * i + 3, concat({numbers({0}), bytes("w")}));
     },
     "too many PRIORITY"},
    {"EmptyData", Role::server, [](std::uint32_t) { return frame(frames::data, 0, 1); },
     "too many empty DATA"},
    {"PaddedData", Role::server,
     [](std::uint32_t) { return frame(frames::data, frames::padded, 1, std::string_view("\3\0\0\0", 4)); },
     "too many empty DATA"},
    {"WindowUpdate", Role::server,
     [](std::uint32_t) { return frame(frames::window_update, 0, 0, numbers({1})); },
     "too many WINDOW_UPDATE"},
    {"WindowUpdateOfAStream", Role::client,
     [](std::uint32_t) { return frame(frames::window_update, 0, 1, numbers({1})); },
     "too many WINDOW_UPDATE"},
    {"Unknown", Role::server, [](std::uint32_t) { return frame(0xfa, 0xff, 7, "grease"); },
     "too many frames of unknown types"},
    {"Goaway", Role::client,
     [](std::uint32_t) { return frame(frames::goaway, 0, 0, concat({numbers({1, 0}), bytes("debug")})); },
     "too many GOAWAY"},
    {"RapidReset", Role::server,
     [](std::uint32_t i) {
       return concat({frames::get(2 * i + 3), frame(frames::rst_stream, 0, 2 * i + 3, numbers({8}))});
     },
     "too many RST_STREAM"},
    {"MadeYouReset", Role::server,
     [](std::uint32_t i) {
       return concat(
           {frames::get(2 * i + 3), frame(frames::window_update, 0, 2 * i + 3, numbers({0x7fff'ffff}))});
     },
     "too many malformed streams"},
    {"Malformed", Role::server,
     [](std::uint32_t i) { return frame(frames::headers, kWhole, 2 * i + 3, block({{":method", "GET"}})); },
     "too many malformed streams"},
    {"EmptyHeaders", Role::server, [](std::uint32_t i) { return frame(frames::headers, kWhole, 2 * i + 3); },
     "too many malformed streams"},
    {"TooLargeHeads", Role::server,
     [](std::uint32_t i) {
       Buffer fields = frames::get_block();
       for (int n = 0; n < 201; ++n) append(fields, frames::literal("x", ""));
       return frame(frames::headers, kWhole, 2 * i + 3, fields);
     },
     "too many requests that are too large"},
    {"HeadersOfClosedStreams", Role::client,
     [](std::uint32_t i) {
       // The first one answers, and ends, a stream that the client then resets.
       return concat({i == 0 ? frame(frames::rst_stream, 0, 1, numbers({8})) : Buffer(),
                      frame(frames::headers, kWhole, 1, block({{":status", "200"}}))});
     },
     "too many HEADERS of streams that are over"},
    {"Interim", Role::client,
     [](std::uint32_t) {
       return frame(frames::headers, frames::end_headers, 1, block({{":status", "103"}}));
     },
     "too many interim responses"},
};

INSTANTIATE_TEST_SUITE_P(Of, SessionFlood, testing::ValuesIn(kFloods),
                         [](const auto& row) { return std::string(row.param.name); });

// H2-4
TEST(SessionFloods, H2_4_ManyInOnePieceAreNotReadToTheEnd) {
  RawPeer raw(Role::server, kLimits);
  raw.greet();
  Buffer wire;
  for (int i = 0; i < 100'000; ++i) append(wire, frame(frames::ping, 0, 0, "12345678"));
  EXPECT_FALSE(raw.say(wire));
  EXPECT_EQ(raw.peer.error->code, Errc::flooded);
  EXPECT_LE(raw.output().size(), 17U * 110 + 100);
}

// H2-4
TEST(SessionFloods, H2_4_ContinuationWithoutEndEndsTheConnection) {
  RawPeer raw(Role::server, kLimits);
  raw.greet();
  raw.say(frame(frames::headers, frames::end_stream, 1, frames::get_block()));
  int said = 0;
  while (said < 100 && raw.say(frame(frames::continuation, 0, 1, frames::literal("x", "y")))) ++said;
  EXPECT_LT(said, 20);
  ASSERT_TRUE(raw.peer.error.has_value());
  EXPECT_EQ(raw.peer.error->code, Errc::flooded);
  EXPECT_EQ(raw.peer.error->detail, "too many CONTINUATION");
  EXPECT_THAT(raw.said(), HasSubstr("GOAWAY 0 ENHANCE_YOUR_CALM\n"));
}

// H2-4
TEST(SessionFloods, H2_4_ManySettingsInOneFrameEndTheConnection) {
  RawPeer raw(Role::server, kLimits);
  raw.greet();
  Buffer entries;
  for (int i = 0; i < 33; ++i) append(entries, Bytes(frames::settings_frame({{4, 70'000}})).subspan(9));
  EXPECT_FALSE(raw.say(frame(frames::settings, 0, 0, entries)));
  EXPECT_EQ(raw.peer.error->code, Errc::flooded);
}

// H2-4
TEST(SessionFloods, H2_4_AnswersThatNobodyReadsAreBounded) {
  constexpr Limits kPatient{.idle_frames = 1'000, .idle_frames_per_second = 1'000'000};
  RawPeer raw(Role::server, kPatient);
  raw.greet();
  int said = 0;
  for (; said < 100'000; ++said) {
    raw.now += kSecond;
    if (!raw.say(frame(frames::ping, 0, 0, "12345678"))) break;
  }
  ASSERT_TRUE(raw.peer.error.has_value());
  EXPECT_EQ(raw.peer.error->code, Errc::flooded);
  EXPECT_LE(raw.output().size(), 64U * 1024 + 17 * 1'100);
}

// H2-4
TEST(SessionFloods, H2_4_ResponsesThatNobodyReadsAreBounded) {
  RawPeer raw(Role::server, kLimits);
  raw.greet();
  raw.peer.on_fields = [&raw](StreamId id, const Told&) {
    raw.peer.session.respond(id, {{":status", "200"}, {"x", std::string(1'000, 'x'), true}}, true);
  };
  for (std::uint32_t i = 0; i < 20'000 && raw.say(frames::get(2 * i + 1)); ++i) raw.now += kSecond;
  EXPECT_LE(raw.output().size(), 64U * 1024 + 50 * 1'200);
  EXPECT_LE(raw.peer.records.size(), 64U + 50 + 50);
}

// H2-4
TEST(SessionFloods, H2_4_MoreStreamsThanAnnouncedAreNotTaken) {
  RawPeer raw(Role::server, kLimits);
  raw.greet();
  for (std::uint32_t i = 0; i < 60; ++i)
    raw.say(frame(frames::headers, frames::end_headers, 2 * i + 1, frames::get_block()));
  EXPECT_EQ(raw.peer.session.open_streams(), 50U);
  EXPECT_EQ(raw.peer.records.size(), 50U);
  EXPECT_THAT(raw.said(), HasSubstr("RST_STREAM 101 REFUSED_STREAM\n"));
}

// H2-4
TEST(SessionFloods, H2_4_WindowUpdatesForWhatWasSentAreNone) {
  RawPeer raw(Role::server, {.idle_frames = 20, .idle_frames_per_second = 1});
  raw.greet();
  raw.say(frames::get(1));
  raw.peer.session.respond(1, {{":status", "200"}}, false);
  for (int i = 0; i < 1'000; ++i) {
    raw.peer.session.send(1, bytes("some"));
    raw.output();
    ASSERT_TRUE(raw.say(frame(frames::window_update, 0, 0, numbers({4})))) << i;
    ASSERT_TRUE(raw.say(frame(frames::window_update, 0, 1, numbers({4})))) << i;
  }
}

// H2-4
TEST(SessionFloods, H2_4_SmallDataIsNone) {
  RawPeer raw(Role::server, kLimits);
  raw.greet();
  raw.say(frame(frames::headers, frames::end_headers, 1, frames::get_block()));
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(raw.say(frame(frames::data, 0, 1, "x")));
  EXPECT_EQ(raw.peer[1].data.size(), 10'000U);
}

}  // namespace
}  // namespace wstap::h2

// SPDX-License-Identifier: Apache-2.0
// REP-1, REP-3, REP-4: what is said when, and what of the answers is another than in the recording.
#include "libcore/replay/player.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/inflating_peer.h"
#include "tests/support/parsed_frame.h"
#include "tests/support/wire.h"

namespace wstap::replay {
namespace {

using test::wire;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMs = 1'000'000;

class PlayerTest : public testing::Test {
 protected:
  PlayOptions options;
  Script script;
  ws::Negotiated live;
  test::FakeClock clock;

  /// "> hello": said; "< hello": expected. Other opcodes: "> close:...".
  void line(std::string_view text, UnixNs at_ms = 0) {
    Line line{
        .ours = text[0] == '>', .sequence = 2 + script.lines.size(), .time_ns = at_ms * kMs, .opcode = 1};
    text.remove_prefix(2);
    if (text == "close") {
      line.opcode = 8;
      line.payload = test::bytes(std::string_view("\x03\xe8", 2));
    } else {
      line.payload = test::bytes(text);
    }
    line.frames = {line.payload.size()};
    script.lines.push_back(std::move(line));
  }
  Player& player() {
    if (!player_) player_.emplace(script, live, options, entropy_);
    return *player_;
  }
  /// A turn in which this comes. @return what it says: payloads, "ping:..", "close:1000".
  std::vector<std::string> hear(Bytes came = {}) {
    append(unread_, came);
    Bytes unread = unread_;
    auto said = player().turn(unread, clock.now);
    EXPECT_TRUE(said);
    unread_.erase(unread_.begin(),
                  unread_.begin() + static_cast<std::ptrdiff_t>(unread_.size() - unread.size()));
    last_ = *said;
    std::vector<std::string> all;
    for (const auto& frame : test::parse_frames(*said)) {
      EXPECT_EQ(frame.mask.has_value(), options.role == Role::client);
      const auto name = frame.opcode == 1 ? std::string() : std::string(ws::opcode_name(frame.opcode)) + ":";
      all.push_back(name + (frame.opcode == 8 && frame.payload.size() >= 2
                                ? std::to_string(load_be<std::uint16_t>(frame.payload))
                                : test::text(frame.payload)));
    }
    return all;
  }
  std::vector<std::string> hear(std::string_view text) {
    return hear(Bytes(wire({.payload = test::bytes(text)})));
  }
  static Buffer close() {
    return wire({.opcode = 8, .payload = test::bytes(std::string_view("\x03\xe8", 2))});
  }
  void pass(std::int64_t ms) { clock.advance(std::chrono::milliseconds(ms)); }

  /// "different 3 wrong", "missing 3", "unexpected wrong": by the line's sequence.
  std::vector<std::string> findings() {
    std::vector<std::string> all;
    for (const auto& finding : player().findings()) {
      constexpr std::array<const char*, 3> kNames = {"different", "missing", "unexpected"};
      std::string text = kNames[static_cast<std::size_t>(finding.kind)];
      if (finding.line) text += " " + std::to_string(script.lines[*finding.line].sequence);
      if (!finding.got.empty()) text += " " + test::text(finding.got);
      all.push_back(text);
    }
    return all;
  }
  Buffer last_;

 private:
  test::FixedEntropy entropy_;
  std::optional<Player> player_;
  Buffer unread_;
};

TEST_F(PlayerTest, Rep1_EachLineWaitsForTheAnswersBeforeIt) {
  for (const char* text : {"> one", "> two", "< answer", "> three", "< last", "> close", "< close"})
    line(text);
  EXPECT_THAT(hear(), ElementsAre("one", "two"));
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_THAT(hear("answer"), ElementsAre("three"));
  EXPECT_THAT(hear("last"), ElementsAre("close:1000"));
  EXPECT_FALSE(player().over());
  EXPECT_THAT(hear(Bytes(close())), IsEmpty());
  EXPECT_TRUE(player().over());
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(player().said(), 4U);
  EXPECT_EQ(player().heard(), 3U);
}

TEST_F(PlayerTest, Rep1_PingsAreAnswered) {
  line("> one");
  line("< answer");
  hear();
  EXPECT_THAT(hear(Bytes(wire({.opcode = 9, .payload = test::bytes("x")}))), ElementsAre("pong:x"));
}

TEST_F(PlayerTest, Rep1_AnswersAreWaitedForSoLong) {
  options.wait_ns = 50 * kMs;
  for (const char* text : {"> one", "< a", "< b", "> two", "< c"}) line(text);
  hear();
  pass(49);
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_EQ(player().due(), clock.now + kMs);
  pass(1);
  EXPECT_THAT(hear(), ElementsAre("two"));
  EXPECT_THAT(findings(), ElementsAre("missing 3", "missing 4"));
  EXPECT_THAT(hear("c"), ElementsAre("close:1000"));
}

TEST_F(PlayerTest, Rep1_AsFastAsItWas) {
  options.pace = Pace::time;
  options.speed = 2;
  line("> one", 1000);
  line("> two", 1100);
  line("< answer", 1150);
  line("> three", 1200);
  EXPECT_THAT(hear(), ElementsAre("one"));
  EXPECT_EQ(player().due(), clock.now + 50 * kMs);
  pass(50);
  EXPECT_THAT(hear(), ElementsAre("two"));
  pass(50);
  EXPECT_THAT(hear(), ElementsAre("three"));  // answered or not
  EXPECT_THAT(hear("answer"), ElementsAre("close:1000"));
}

TEST_F(PlayerTest, Rep1_AsFastAsItCan) {
  options.pace = Pace::time;
  options.speed = 0;
  line("> one", 0);
  line("< a", 10);
  line("> two", 100'000);
  EXPECT_THAT(hear(), ElementsAre("one", "two"));
}

TEST_F(PlayerTest, Rep4_OtherAnswers) {
  for (const char* text : {"> one", "< {\"id\":1}", "< same", "> two", "< gone"}) line(text);
  hear();
  hear("{\"id\":2}");
  EXPECT_THAT(hear("same"), ElementsAre("two"));
  EXPECT_THAT(findings(), ElementsAre("different 3 {\"id\":2}"));
  ASSERT_EQ(player().findings()[0].differences.size(), 1U);
  EXPECT_EQ(player().findings()[0].differences[0].pointer, "/id");
  player().ended();
  EXPECT_TRUE(player().over());
  EXPECT_EQ(findings().back(), "missing 6");
}

TEST_F(PlayerTest, Rep4_MoreThanWasExpected) {
  line("> one");
  line("< a");
  hear();
  EXPECT_THAT(hear("a"), ElementsAre("close:1000"));
  hear("more");
  EXPECT_THAT(findings(), ElementsAre("unexpected more"));
}

TEST_F(PlayerTest, Rep4_WhatIsIgnored) {
  options.ignored = {"/id"};
  line("< {\"id\":1,\"x\":2}");
  hear("{\"x\":2, \"id\":7}");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(PlayerTest, Rep4_Exactly) {
  options.match = Match::exact;
  line("< {\"a\":1}");
  hear("{ \"a\": 1 }");
  EXPECT_THAT(findings(), ElementsAre("different 2 { \"a\": 1 }"));
}

TEST_F(PlayerTest, Rep4_Anything) {
  options.match = Match::none;
  for (const char* text : {"> one", "< a", "> two"}) line(text);
  hear();
  EXPECT_THAT(hear("something else"), ElementsAre("two", "close:1000"));
  hear("and more");
  EXPECT_THAT(findings(), IsEmpty());
}

// RFC 6455 5.5.1
TEST_F(PlayerTest, Rep4_TheServerClosesEarly) {
  for (const char* text : {"> one", "< a", "> two", "< close"}) line(text);
  hear();
  EXPECT_THAT(hear(Bytes(wire({.opcode = 8, .payload = test::bytes(std::string_view("\x03\xf3", 2))}))),
              ElementsAre("close:1011"));
  EXPECT_TRUE(player().over());
  EXPECT_THAT(findings(), ElementsAre("missing 3", "different 5 \x03\xf3"));
}

TEST_F(PlayerTest, Rep3_BytesLeaveAsTheyWere) {
  options.exact = true;
  line("> odd");
  script.lines[0].raw = wire({.opcode = 1,
                              .payload = test::bytes("odd"),
                              .rsv = 2,
                              .mask = {{9, 9, 9, 9}},
                              .length = test::LengthForm::in_64_bits});
  Bytes none;
  const auto said = player().turn(none, clock.now);
  ASSERT_TRUE(said);
  EXPECT_TRUE(std::ranges::equal(Bytes(*said).first(script.lines[0].raw.size()), script.lines[0].raw));
}

TEST_F(PlayerTest, Rep1_FragmentsStayFragments) {
  line("> abcdef");
  script.lines[0].frames = {20, 10};
  line("< wait");
  hear();
  const auto frames = test::parse_frames(last_);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(test::text(frames[0].payload), "abcd");
  EXPECT_EQ(test::text(frames[1].payload), "ef");
  EXPECT_EQ(frames[1].opcode, 0);
}

TEST_F(PlayerTest, Rep1_CompressedAsThisServerAgreed) {
  live = ws::negotiated(ws::parse_extensions("permessage-deflate"));
  line("> said");
  line("< answered");
  Bytes none;
  const auto said = player().turn(none, clock.now);
  ASSERT_TRUE(said);
  const auto frames = test::parse_frames(*said);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].rsv, 4);
  test::InflatingPeer server;
  EXPECT_EQ(test::text(server.message(frames[0].payload)), "said");
  test::DeflatingPeer peer;
  hear(Bytes(wire({.payload = peer.message(test::bytes("answered")), .rsv = 4})));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(PlayerTest, Rep2_AServerDoesNotMask) {
  options.role = Role::server;
  line("< question");
  line("> answer");
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_THAT(hear(Bytes(wire({.payload = test::bytes("question"), .mask = {{1, 2, 3, 4}}}))),
              ElementsAre("answer", "close:1000"));
}

TEST_F(PlayerTest, Rep1_WhatIsNoFrameIsAnError) {
  line("< a");
  const Buffer bad = {std::byte{0x82}, std::byte{127}, std::byte{0xff}, std::byte{0}, std::byte{0},
                      std::byte{0},    std::byte{0},   std::byte{0},    std::byte{0}, std::byte{0}};
  Bytes unread = bad;
  EXPECT_FALSE(player().turn(unread, clock.now));
}

// A script may be large: no more is made of it than there is room for.
TEST_F(PlayerTest, Rep6_NoMoreThanThereIsRoomFor) {
  for (int i = 0; i < 3; ++i) line("> some text");
  Bytes none;
  EXPECT_EQ(player().turn(none, clock.now, 0)->size(), 0U);
  EXPECT_EQ(player().due(), clock.now);
  EXPECT_EQ(test::parse_frames(*player().turn(none, clock.now, 1)).size(), 1U);
}

}  // namespace
}  // namespace wstap::replay

// SPDX-License-Identifier: Apache-2.0
// HOLD-4: Pings of wstap's own while a frame is held, and whom the Pongs are for.
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using pipeline::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

class KeepaliveTest : public HoldTest {
 protected:
  KeepaliveTest() { hold("send and text"); }

  void ping(ws::Direction direction, std::string_view payload) {
    feed(direction, proper(direction, {.opcode = 9, .payload = bytes(payload)}));
  }
  void pong(ws::Direction direction, Bytes payload) {
    feed(direction, proper(direction, {.opcode = 10, .payload = to_buffer(payload)}));
  }
  /// Time passes, and a Ping leaves. @return what it says.
  Buffer own_ping(ws::Direction direction = kSend) {
    pass(5s);
    const auto frames = parse_frames(chores(direction));
    EXPECT_EQ(frames.size(), 1U);
    if (frames.empty()) return {};
    EXPECT_EQ(frames[0].opcode, 9);
    EXPECT_EQ(frames[0].mask.has_value(), direction == kSend);
    return frames[0].payload;
  }
};

TEST_F(KeepaliveTest, Hold4_ServerGetsAPingEveryFiveSecondsAndItsPongGoesNoFurther) {
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  pass(4s);
  EXPECT_FALSE(flow().has_chore(kSend, clock.now));
  const Buffer first = own_ping();
  EXPECT_EQ(first.size(), 8U);
  EXPECT_EQ(tap.frames.back().verdict, Verdict::synthetic);
  EXPECT_EQ(tap.frames.back().cause, "keepalive");
  EXPECT_NE(own_ping(), first);
  pong(kReceive, first);
  EXPECT_THAT(said(kReceive), IsEmpty());
  EXPECT_EQ(tap.frames.back().verdict, Verdict::swallowed);
}

TEST_F(KeepaliveTest, Hold4_NoneWhenNothingIsHeldAnyMore) {
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  release(2);
  chores(kSend);
  pass(1min);
  EXPECT_FALSE(flow().has_chore(kSend, clock.now));
}

TEST_F(KeepaliveTest, Hold4_Off) {
  hold_settings.keepalive_ns = 0;
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  pass(30s);
  EXPECT_FALSE(flow().has_chore(kSend, clock.now));
}

TEST_F(KeepaliveTest, Hold4_PongsThatAreNotForWstapPass) {
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  own_ping();
  pong(kReceive, bytes("unasked"));
  EXPECT_THAT(said(kReceive), ElementsAre("unasked"));
}

TEST_F(KeepaliveTest, Hold4_OnePongForBothIsTurnedIntoTheClientsOwn) {
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  ping(kSend, "older");
  ping(kSend, "client's");
  const Buffer own = own_ping();
  pong(kReceive, own);
  EXPECT_THAT(said(kReceive), ElementsAre("client's"));
  EXPECT_EQ(tap.frames.back().cause, "keepalive_cover");
  EXPECT_EQ(tap.frames.back().verdict, Verdict::changed);
  // All are settled: the same once more is for nobody.
  pong(kReceive, own);
  EXPECT_EQ(said(kReceive).size(), 2U);
}

TEST_F(KeepaliveTest, Hold4_PongOfAYoungerClientPingSettlesTheOlderOwnOne) {
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  const Buffer own = own_ping();
  ping(kSend, "younger");
  pong(kReceive, bytes("younger"));
  EXPECT_THAT(said(kReceive), ElementsAre("younger"));
}

TEST_F(KeepaliveTest, Hold4_BetweenFragmentsTooAndNotBehindAClose) {
  held_flow();
  feed(kSend, proper(kSend, {.opcode = 2, .payload = bytes("a"), .fin = false}));
  feed(kSend, proper(kSend, {.opcode = 0, .payload = bytes("b")}));
  feed(kSend, text_frame(kSend, "held"));
  own_ping();
  feed(kSend, close_frame(kSend, 1000));
  own_ping();  // the Close waits as well
  release(4);
  chores(kSend);
  feed(kSend, text_frame(kSend, "dropped"));
  pass(5s);
  EXPECT_THAT(parse_frames(chores(kSend)), IsEmpty());
}

TEST_F(KeepaliveTest, Hold4_TowardsTheClient) {
  hold_settings.keepalive_ns = 0;
  hold_settings.keepalive_client_ns = 5'000'000'000;
  held_flow();
  feed(kSend, text_frame(kSend, "held"));
  const Buffer own = own_ping(kReceive);
  pong(kSend, own);
  EXPECT_THAT(said(kSend), IsEmpty());
}

TEST(Keepalive, Hold4_ForgetsTheOldestOfTooMany) {
  pipeline::Keepalive pings;
  for (int i = 0; i < 1000; ++i) pings.ping_left(bytes(std::to_string(i)), false);
  pings.ping_left(bytes("own"), true);
  const auto answer = pings.pong_came(bytes("own"));
  EXPECT_TRUE(answer.to == pipeline::Keepalive::Answer::To::both);
  EXPECT_EQ(text(answer.payload), "999");
  EXPECT_TRUE(pings.empty());
}

}  // namespace
}  // namespace wstap::test

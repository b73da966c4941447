// SPDX-License-Identifier: Apache-2.0
// LIM-5: what a limit holds back waits in order, and its sender with it; flows end as ever.
#include "tests/unit/net/relay_fixture.h"

namespace wstap::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class RelayLimits : public RelayTest {
 protected:
  RelayLimits() { session.limits = {{.id = "two", .frames_per_second = 2}}; }

  Buffer arrived;  ///< at the server

  /// Texts of the frames that did.
  std::vector<std::string> texts() {
    append(arrived, session.drain(server));
    std::vector<std::string> all;
    for (const auto& frame : parse_frames(arrived)) all.push_back(text(frame.payload));
    return all;
  }
  void client_says(std::initializer_list<std::string_view> words) {
    Buffer all;
    for (const auto word : words) append(all, from_client(1, bytes(word)));
    session.client_sends(all);
  }
};

TEST_F(RelayLimits, LetPassWhatTheTimeAllows) {
  session.start();
  client_says({"a", "b", "c", "d"});
  client_says({"e"});
  EXPECT_THAT(texts(), ElementsAre("a", "b"));
  clock.advance(500ms);
  EXPECT_TRUE(run_until([&] { return texts().size() == 3; }));
  clock.advance(10s);
  EXPECT_TRUE(run_until([&] { return texts().size() == 5; }));
  EXPECT_THAT(texts(), ElementsAre("a", "b", "c", "d", "e"));
  ASSERT_EQ(tap.notes.size(), 1U) << "once a flow";
  EXPECT_EQ(tap.notes[0].text, "rate_limited: limit 'two': 2 frames a second");
}

TEST_F(RelayLimits, OfOneDirectionLeaveTheOtherAlone) {
  session.limits[0].directions = {true, false};
  session.start();
  client_says({"a", "b", "c"});
  for (int i = 0; i < 5; ++i) session.server_sends(from_server(1, bytes("x")));
  EXPECT_EQ(parse_frames(session.drain(client)).size(), 5U);
  EXPECT_EQ(texts().size(), 2U);
}

TEST_F(RelayLimits, KeepTheSendersEndBehindItsFrames) {
  session.start();
  client_says({"a", "b", "c"});
  client.finish();
  session.settle();
  EXPECT_FALSE(server.saw_end());
  clock.advance(1s);
  EXPECT_TRUE(run_until([&] { return server.saw_end(); }));
  EXPECT_THAT(texts(), ElementsAre("a", "b", "c"));
  server.finish();
  session.settle();
  const auto closed = session.closed();
  EXPECT_EQ(closed.state, pipeline::FlowState::complete);
  EXPECT_THAT(closed.notes, ElementsAre("rate_limited"));
}

// FRM-7: what waits is recorded, and does not leave behind wstap's own Close.
TEST_F(RelayLimits, DoNotHoldUpAShutdown) {
  session.start();
  client_says({"a", "b", "c"});
  session.relay().shut_down();
  client.finish();
  server.finish();
  EXPECT_TRUE(run_until([&] { return session.done(); }));
  const auto frames = parse_frames(session.drain(server));
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[2].opcode, 8);
  EXPECT_EQ(session.closed().reason, "shutdown");
  const auto recorded = tap.frames_of(kSend);
  ASSERT_EQ(recorded.size(), 4U);
  EXPECT_EQ(recorded[2].verdict, pipeline::Verdict::synthetic);
  EXPECT_EQ(recorded[3].verdict, pipeline::Verdict::dropped);
}

// FRM-8
TEST_F(RelayLimits, DoNotHideAReset) {
  session.start();
  client_says({"a", "b", "c"});
  client.reset();
  EXPECT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_TRUE(server.saw_reset());
  EXPECT_EQ(session.closed().reason, "reset");
}

TEST_F(RelayLimits, AreNoIdlenessWhileTheyPass) {
  session.options.idle_timeout = 40ms;
  session.limits[0].frames_per_second = 0.001;
  session.start();
  client_says({"a", "b"});
  // It is looked at again more often than that, also when the machine is busy.
  for (int i = 0; i < 4; ++i) {
    clock.advance(15ms);
    const auto later = std::chrono::steady_clock::now() + 600ms;
    run_until([&] { return std::chrono::steady_clock::now() > later; });
  }
  EXPECT_FALSE(server.saw_end());
  session.relay().cut();
  EXPECT_TRUE(run_until([&] { return session.done(); }));
}

TEST_F(RelayLimits, CountAsIdlenessWhereABudgetIsSpent) {
  session.options.idle_timeout = 40ms;
  session.limits = {{.id = "x", .bytes = 1}};
  session.start();
  client_says({"a", "b", "c"});
  clock.advance(1s);
  EXPECT_TRUE(run_until([&] { return server.saw_end(); }));
  client.finish();
  server.finish();
  EXPECT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_EQ(session.closed().reason, "idle_timeout");
}

}  // namespace
}  // namespace wstap::test

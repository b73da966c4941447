// SPDX-License-Identifier: Apache-2.0
// What a relay buffers is counted, bounded, and given back (LIM-4).
#include "tests/unit/net/relay_fixture.h"

namespace wstap::test {
namespace {

class RelayMemory : public RelayTest {
 protected:
  explicit RelayMemory(std::uint64_t budget_bytes = 1U << 30) : RelayTest(budget_bytes) {}
  const Buffer frame_ = from_client(2, random_bytes(200'000, 1));
};

TEST_F(RelayMemory, HoldsNothingWhileIdle) {
  session.start();
  session.client_sends(concat({frame_, frame_, frame_}));
  EXPECT_EQ(budget.total(), 0U);
  server.receive();
}

TEST_F(RelayMemory, CountsWhatWaitsForItsReceiver) {
  server.set_window(1);
  session.start();
  session.client_sends(frame_);
  EXPECT_GE(budget.total(), frame_.size() - 1);
  EXPECT_LE(budget.total(), net::kSlabBytes);
  session.drain(server);
  EXPECT_EQ(budget.total(), 0U);
}

// Buffers grow with what arrived, not with what was announced.
TEST_F(RelayMemory, CountsWhatArrivedOfAFrame) {
  session.start();
  const auto large = from_client(2, Buffer(4'000'000));
  std::size_t sent = 0;
  for (const std::size_t piece : {100'000U, 300'000U, 600'000U, 2'000'000U}) {
    session.client_sends(Bytes(large).subspan(sent, piece));
    sent += piece;
    EXPECT_GE(budget.total(), sent);
    EXPECT_LE(budget.total(), 2 * sent + net::kSlabBytes);
  }
  session.client_sends(Bytes(large).subspan(sent));
  EXPECT_EQ(budget.total(), 0U);
  EXPECT_EQ(tap.frames.size(), 1U);
}

// A few bytes of many flows are not worth keeping books about.
TEST_F(RelayMemory, DoesNotCountCrumbs) {
  session.start();
  session.client_sends(Bytes(frame_).first(10'000));
  EXPECT_EQ(budget.total(), 0U);
  session.client_sends(Bytes(frame_).subspan(10'000, 10'000));
  EXPECT_NE(budget.total(), 0U);
}

// Room that was made for what did not come yet is held, and counts.
TEST_F(RelayMemory, CountsTheRoomItMade) {
  session.start();
  const auto large = from_client(2, Buffer(1'000'000));
  session.client_sends(Bytes(large).first(net::kSlabBytes));
  EXPECT_EQ(budget.total(), 2 * net::kSlabBytes);
  session.client_sends(Bytes(large).subspan(net::kSlabBytes));
  EXPECT_EQ(budget.total(), 0U);
}

TEST_F(RelayMemory, DoesNotKeepWhatCannotBeFramed) {
  session.start();
  session.client_sends(concat({hex("82 ff ffffffffffffffff 00000000"), Buffer(100'000)}));
  EXPECT_EQ(budget.total(), 0U);
}

TEST_F(RelayMemory, IsGivenBackAtAReset) {
  server.set_window(1);
  session.start();
  session.client_sends(frame_);
  session.server_sends(Bytes(from_server(2, Buffer(100'000))).first(50'000));
  EXPECT_GT(budget.total(), frame_.size());
  client.reset();
  session.settle();
  session.closed();  // says that nothing is accounted for
}

class RelayBudget : public RelayMemory {
 protected:
  RelayBudget() : RelayMemory(150'000) {}

  /// Another holder of the worker takes what is left, and is the one that reads on.
  void exhaust() {
    worker.buffers().set(this, 100'000);
    EXPECT_TRUE(worker.buffers().may_read(this));
  }
  void relieve() { worker.buffers().set(this, 0); }
  void pause_client() {
    session.start();
    session.client_sends(Bytes(frame_).first(120'000));
    exhaust();
    session.client_sends(Bytes(frame_).subspan(120'000));
    // One read may have been waited for already; the next one is not made.
    client.send(from_client(1, bytes("later")));
    session.settle();
  }
};

// LIM-4: reading pauses while the budget is exceeded, and goes on when it is not; noted once on the flow.
TEST_F(RelayBudget, PausesReading) {
  pause_client();
  EXPECT_NE(client.unread(), 0U);
  EXPECT_TRUE(tap.frames.empty());
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text, "buffers_limited");
  relieve();
  ASSERT_TRUE(run_until([&] { return client.unread() == 0; }));
  EXPECT_EQ(parse_frames(server.receive()).size(), 2U);

  session.client_sends(Bytes(frame_).first(120'000));
  exhaust();
  session.client_sends(Bytes(frame_).subspan(120'000));
  EXPECT_NE(client.unread(), 0U);
  EXPECT_EQ(tap.notes.size(), 1U) << "once is enough";
  relieve();
  ASSERT_TRUE(run_until([&] { return client.unread() == 0; }));
}

TEST_F(RelayBudget, PausesOneDirectionOnly) {
  pause_client();
  session.server_sends(from_server(1, bytes("holds nothing")));
  EXPECT_EQ(client.receive(), from_server(1, bytes("holds nothing")));
  relieve();
  ASSERT_TRUE(run_until([&] { return client.unread() == 0; }));
}

// FRM-8: a reset is noticed also then.
TEST_F(RelayBudget, DoesNotHideAReset) {
  pause_client();
  client.reset();
  ASSERT_TRUE(run_until([&] { return session.done(); }));
  EXPECT_TRUE(server.saw_reset());
  relieve();
  EXPECT_EQ(session.closed().reason, "reset");
}

// ... and when it is a write that finds it, though nobody reads.
TEST_F(RelayBudget, DoesNotHideAResetFromAWriter) {
  pause_client();
  server.send(from_server(1, bytes("into the void")));
  client.reset();
  ASSERT_TRUE(run_until([&] { return session.done(); }));
  relieve();
  const auto closed = session.closed();
  EXPECT_EQ(closed.reason, "reset");
  EXPECT_EQ(closed.began, pipeline::Party::client);
}

TEST_F(RelayBudget, DoesNotOutlastTheRelay) {
  pause_client();
  session.relay().cut();
  ASSERT_TRUE(run_until([&] { return session.done(); }));
  relieve();
  EXPECT_EQ(session.closed().unfinished[0], to_buffer(Bytes(frame_).first(120'000)));
}

}  // namespace
}  // namespace wstap::test

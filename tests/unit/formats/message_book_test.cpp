// SPDX-License-Identifier: Apache-2.0
// Messages from the frames of a recording (FRAG-1, INS-1).
#include "formats/message_book.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/flow_book.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/sample_capture.h"

namespace wstap::formats {
namespace {

using test::bytes;
using test::wire;
using ws::Direction;

class Messages : public testing::Test {
 protected:
  struct Seen {
    Message message;
    std::string payload;
  };

  Messages() {
    auto flow = test::plain_flow_opened(1);
    flow.extensions = "permessage-deflate";
    book.open(flow);
  }
  void frame(Buffer raw, Direction direction = Direction::receive, std::vector<pipeline::Mark> marks = {}) {
    test::OwnBurst burst{.direction = direction, .first_sequence = next++, .frames = {std::move(raw)}};
    burst.marks = std::move(marks);
    book.visit(burst.view(), Depth::payloads, [this](const pipeline::Envelope& envelope, Bytes payload) {
      messages.take(envelope, payload);
    });
  }

  FlowBook book;
  std::vector<Seen> seen;
  MessageBook messages{
      [this](const Message& message) { seen.push_back({message, std::string(as_text(message.payload))}); }};
  pipeline::Sequence next = 2;
};

// FRAG-1: control frames and the other direction's messages lie between the fragments.
TEST_F(Messages, AreJoinedFromFragments) {
  frame(wire({.payload = bytes("one "), .fin = false}));
  frame(wire({.opcode = 9}));
  frame(test::client_text("mine"), Direction::send);
  frame(wire({.opcode = 0, .payload = bytes("message"), .fin = true}));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].payload, "mine");
  EXPECT_EQ(seen[0].message.direction, Direction::send);
  EXPECT_EQ(seen[1].payload, "one message");
  EXPECT_EQ(seen[1].message.first, 2U);
  EXPECT_EQ(seen[1].message.last, 5U);
  EXPECT_EQ(seen[1].message.frames, 2U);
  EXPECT_EQ(seen[1].message.wire_bytes, 11U);
  EXPECT_TRUE(seen[1].message.finished);
}

// DEF-2, DEF-3
TEST_F(Messages, AreInflated) {
  test::DeflatingPeer peer;
  for (const char* text : {"Hello Hello Hello", "Hello again"}) {
    const Buffer payload = peer.message(bytes(text));
    frame(wire({.payload = to_buffer(Bytes(payload).first(4)), .fin = false, .rsv = 4}));
    frame(wire({.opcode = 0, .payload = to_buffer(Bytes(payload).subspan(4))}));
    EXPECT_EQ(seen.back().payload, text);
    EXPECT_EQ(seen.back().message.wire_bytes, payload.size());
    EXPECT_EQ(seen.back().message.inflation, ws::Inflation::done);
  }
}

// FRM-5
TEST_F(Messages, ThatDoNotInflateAreTheirBytes) {
  frame(wire({.payload = bytes("ab"), .fin = false, .rsv = 4}));
  frame(wire({.opcode = 0, .payload = bytes("c")}));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].payload, "abc");
  EXPECT_FALSE(seen[0].message.says_content());
  EXPECT_TRUE(seen[0].message.anomalies.has(ws::Anomaly::invalid_deflate));
}

TEST_F(Messages, OfWhichTheEndIsMissingAreShownWhenTheFlowEnds) {
  frame(wire({.payload = bytes("half"), .fin = false}));
  EXPECT_TRUE(seen.empty());
  messages.close(1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].payload, "half");
  EXPECT_FALSE(seen[0].message.finished);
  messages.close_all();
  EXPECT_EQ(seen.size(), 1U);
}

// FLOW-3: whatever became of one of the frames became of the message.
TEST_F(Messages, HaveTheVerdictOfTheirFrames) {
  frame(wire({.payload = bytes("a"), .fin = false}));
  frame(wire({.opcode = 0, .payload = bytes("b")}), Direction::receive,
        {{0, pipeline::Verdict::dropped, "rule", {}, {}}});
  frame(wire({.payload = bytes("made here")}), Direction::receive,
        {{0, pipeline::Verdict::injected, "reviewer", {}, {}}});
  ASSERT_EQ(seen.size(), 1U) << "what wstap made is no peer's message";
  EXPECT_EQ(seen[0].message.verdict, pipeline::Verdict::dropped);
  EXPECT_EQ(seen[0].message.cause, "rule");
}

// DEF-5, FLOW-3: why it was not changed, unless something else became of it
TEST_F(Messages, TellWhyTheyWereNotChanged) {
  const std::vector<pipeline::Mark> refused{{0, pipeline::Verdict::forwarded, "edit_refused:opaque", {}, {}}};
  frame(wire({.fin = false}), Direction::receive, refused);
  frame(wire({.opcode = 0}));
  frame(wire({.fin = false}), Direction::receive, refused);
  frame(wire({.opcode = 0}), Direction::receive, {{0, pipeline::Verdict::dropped, "rule", {}, {}}});
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].message.verdict, pipeline::Verdict::forwarded);
  EXPECT_EQ(seen[0].message.cause, "edit_refused:opaque");
  EXPECT_EQ(seen[1].message.verdict, pipeline::Verdict::dropped);
  EXPECT_EQ(seen[1].message.cause, "rule");
}

TEST_F(Messages, InsideOfOthersEndThose) {
  frame(wire({.payload = bytes("outer"), .fin = false}));
  frame(wire({.payload = bytes("inner")}));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].payload, "outer");
  EXPECT_FALSE(seen[0].message.finished);
  EXPECT_EQ(seen[1].payload, "inner");
}

}  // namespace
}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// REP-1, REP-2, REP-3: what of a recording is said, and what is expected.
#include "libcore/replay/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libcore/replay/errors.h"
#include "tests/support/bytes.h"
#include "tests/support/deflating_peer.h"
#include "tests/support/wire.h"

namespace wstap::replay {
namespace {

using pipeline::Verdict;
using test::wire;
using test::WireFrame;
using testing::ElementsAre;
using testing::IsEmpty;
using ws::Direction;

constexpr std::array<std::uint8_t, 4> kMask = {1, 2, 3, 4};

/// Frames of one recorded flow, as its reader would hand them out.
class ScriptTest : public testing::Test {
 protected:
  ScriptWriter::Options options;
  std::string extensions;

  /// What the frame became can be said with `verdict` and `sent`.
  void take(Direction direction, WireFrame frame, Verdict verdict = Verdict::forwarded,
            std::optional<WireFrame> sent = std::nullopt) {
    if (!writer_) {
      pipeline::FlowOpened flow;
      flow.id = 7;
      flow.extensions = extensions;
      writer_.emplace(std::move(flow), options);
    }
    if (direction == Direction::send) frame.mask = kMask;
    const Buffer raw = wire(frame);
    pipeline::Envelope envelope{.flow = 7, .sequence = next_++, .time_ns = static_cast<UnixNs>(next_) * 10};
    envelope.direction = direction;
    envelope.frame.raw = raw;
    decode_header(raw, envelope.frame.header);
    envelope.verdict = verdict;
    if (sent) {
      if (direction == Direction::send) sent->mask = kMask;
      envelope.sent = wire(*sent);
    }
    change(envelope);
    if (auto taken = writer_->take(envelope, told); !taken) error = taken.error();
  }
  void send(WireFrame frame, Verdict verdict = Verdict::forwarded,
            std::optional<WireFrame> sent = std::nullopt) {
    take(Direction::send, std::move(frame), verdict, std::move(sent));
  }
  void receive(WireFrame frame, Verdict verdict = Verdict::forwarded,
               std::optional<WireFrame> sent = std::nullopt) {
    take(Direction::receive, std::move(frame), verdict, std::move(sent));
  }
  static WireFrame text(std::string_view payload) { return {.payload = test::bytes(payload)}; }

  /// "> text hello", "< close ..": said and expected.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (const auto& line : script().lines)
      all.push_back(std::string(line.ours ? "> " : "< ") + std::string(ws::opcode_name(line.opcode)) + " " +
                    test::text(line.payload));
    return all;
  }
  const Script& script() {
    if (!script_) script_ = writer_->finish();
    return *script_;
  }

  std::function<void(pipeline::Envelope&)> change = [](pipeline::Envelope&) {};
  Buffer told;  ///< what the recording's reader says of the payload
  std::optional<Error> error;

 private:
  std::optional<ScriptWriter> writer_;
  std::optional<Script> script_;
  pipeline::Sequence next_ = pipeline::kFirstFrame;
};

TEST_F(ScriptTest, Rep1_TheClientsPart) {
  send(text("question"));
  receive(text("answer"));
  receive({.opcode = 9, .payload = test::bytes("ping")});
  send({.opcode = 10, .payload = test::bytes("ping")});
  send({.opcode = 9, .payload = test::bytes("own")});
  receive({.opcode = 10, .payload = test::bytes("own")});
  send({.opcode = 8});
  receive({.opcode = 8});
  EXPECT_THAT(lines(), ElementsAre("> text question", "< text answer", "< ping ping", "> ping own",
                                   "> close ", "< close "));
  EXPECT_EQ(script().lines[0].sequence, 2U);
}

TEST_F(ScriptTest, Rep2_TheServersPart) {
  options.role = Role::server;
  send(text("question"));
  receive(text("answer"));
  EXPECT_THAT(lines(), ElementsAre("< text question", "> text answer"));
}

// What *left* wstap for the server; what the server is expected to say is what came from it.
TEST_F(ScriptTest, Rep1_WhatLeftIsSaid) {
  send(text("as it came"), Verdict::changed, text("as it left"));
  send(text("never left"), Verdict::dropped);
  send(text("put in"), Verdict::injected);
  send({.opcode = 9}, Verdict::synthetic);
  receive(text("from the server"), Verdict::changed, text("for the client"));
  receive(text("kept from the client"), Verdict::blocked);
  receive(text("for the client alone"), Verdict::injected);
  EXPECT_THAT(lines(), ElementsAre("> text as it left", "> text put in", "< text from the server",
                                   "< text kept from the client"));
}

TEST_F(ScriptTest, Rep1_WhatCameInIsSaid) {
  options.as_received = true;
  send(text("as it came"), Verdict::changed, text("as it left"));
  send(text("never left"), Verdict::dropped);
  send(text("put in"), Verdict::injected);
  EXPECT_THAT(lines(), ElementsAre("> text as it came", "> text never left"));
}

TEST_F(ScriptTest, Rep1_FragmentsAreOneMessage) {
  send({.payload = test::bytes("ab"), .fin = false});
  send({.opcode = 9});
  send({.opcode = 0, .payload = test::bytes("c")});
  EXPECT_THAT(lines(), ElementsAre("> text abc", "> ping "));
  EXPECT_THAT(script().lines[0].frames, ElementsAre(2, 1));
}

TEST_F(ScriptTest, Rep1_WhatHasNoEndIsNoMessage) {
  send(text("whole"));
  send({.payload = test::bytes("half"), .fin = false});
  EXPECT_THAT(lines(), ElementsAre("> text whole"));
}

TEST_F(ScriptTest, Rep1_CompressedMessagesAreInflated) {
  extensions = "permessage-deflate";
  test::DeflatingPeer peer;
  for (const char* said : {"the same words", "the same words again"})
    send({.payload = peer.message(test::bytes(said)), .rsv = 4});
  EXPECT_THAT(lines(), ElementsAre("> text the same words", "> text the same words again"));
}

// wstap compressed it anew, by a window of its own.
TEST_F(ScriptTest, Rep1_WhatLeftCompressedIsInflatedAsTheServerDid) {
  extensions = "permessage-deflate";
  test::DeflatingPeer client, anew;
  const auto frame = [](Buffer payload) { return WireFrame{.payload = std::move(payload), .rsv = 4}; };
  send(frame(client.message(test::bytes("first words"))), Verdict::dropped);
  send(frame(client.message(test::bytes("first words, and more"))), Verdict::changed,
       frame(anew.message(test::bytes("first words, and more"))));
  EXPECT_THAT(lines(), ElementsAre("> text first words, and more"));
}

TEST_F(ScriptTest, Rep3_ExactlyWhatLeft) {
  options.exact = true;
  send({.payload = test::bytes("ab"), .fin = false, .rsv = 3});
  send({.opcode = 10, .payload = test::bytes("pong")});
  send({.opcode = 0, .payload = test::bytes("c")});
  ASSERT_EQ(script().lines.size(), 3U);
  EXPECT_EQ(script().lines[0].raw,
            wire({.payload = test::bytes("ab"), .fin = false, .rsv = 3, .mask = kMask}));
  EXPECT_EQ(script().lines[1].opcode, 10);
}

// A copy of a recording may say what a message said where its frames cannot be inflated any more.
TEST_F(ScriptTest, Rep1_WhatTheRecordingSaysOfAMessageHelps) {
  extensions = "permessage-deflate";
  told = test::bytes("said");
  change = [](pipeline::Envelope& envelope) { envelope.inflation = ws::Inflation::done; };
  send({.payload = test::bytes("\xff\xff"), .rsv = 4});
  EXPECT_FALSE(error);
  EXPECT_THAT(lines(), ElementsAre("> text said"));
}

TEST_F(ScriptTest, Rep1_WhatIsNotRecordedIsAnError) {
  change = [](pipeline::Envelope& envelope) {
    envelope.frame.raw = envelope.frame.raw.first(envelope.frame.header.header_len);
    envelope.cut_from = 5;
  };
  send(text("hello"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::not_recorded);
  EXPECT_EQ(error->detail, "frame 7:2");
}

TEST_F(ScriptTest, Rep1_WhatCannotBeInflatedIsAnError) {
  extensions = "permessage-deflate";
  send({.payload = test::bytes("\xff\xff"), .rsv = 4});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::not_readable);
}

TEST_F(ScriptTest, Rep1_TheMiddleOfAFlowIsAnError) {
  pipeline::FlowOpened flow;
  flow.resumed.emplace();
  ScriptWriter writer(flow, {});
  const Buffer raw = wire({.payload = test::bytes("x"), .mask = kMask});
  pipeline::Envelope envelope{.flow = 1, .sequence = 9};
  envelope.frame.raw = raw;
  decode_header(raw, envelope.frame.header);
  const auto taken = writer.take(envelope, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::no_beginning);
}

}  // namespace
}  // namespace wstap::replay

// SPDX-License-Identifier: Apache-2.0
// DEF-7: a payload that is first wanted in the middle of a flow is caught up from the capture where that has
// all of it; else the direction is opaque.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/capture_writer.h"
#include "libcore/pipeline/flow.h"
#include "tests/support/bytes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fixed_entropy.h"
#include "tests/support/message_peers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::formats {
namespace {

using pipeline::Verdict;
using test::bytes;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kSentence = "a sentence that is referred to, a sentence that is referred to";

class Recall : public testing::Test {
 protected:
  void open(CaptureOptions capture = {}, std::string extensions = "permessage-deflate") {
    if (capture.path.empty()) capture.path = path;
    writer = std::move(*CaptureWriter::open(std::move(capture), clock));
    flow = std::make_unique<pipeline::Flow>(
        pipeline::FlowOpened{.id = 3, .extensions = std::move(extensions)}, pipeline::Pipeline(),
        pipeline::LaneContext{options, *writer, entropy, counters});
    ASSERT_TRUE(flow->open());
  }
  void arrives(const test::WireFrame& frame) {
    Buffer raw = test::wire(frame);
    const auto turn = flow->take(ws::Direction::receive, raw, clock.now, scratch);
    ASSERT_FALSE(turn.fault);
    client.take(test::parse_frames(turn.out));
  }
  void say(std::string_view content) { arrives({.payload = server.message(as_bytes(content)), .rsv = 4}); }
  /// From now on a step reads and changes payloads.
  void want_payloads() { flow->replan(pipeline::Pipeline({step})); }
  std::vector<std::string> received() const {
    std::vector<std::string> all;
    for (const auto& message : client.messages) all.push_back(test::text(message.content));
    return all;
  }

  const test::TempDir folder;
  const std::string path = folder / "x.wstap";
  test::FakeClock clock;
  test::FixedEntropy entropy;
  pipeline::FlowOptions options;
  pipeline::Counters counters;
  std::unique_ptr<CaptureWriter> writer;
  std::unique_ptr<pipeline::Flow> flow;
  pipeline::LaneScratch scratch;
  test::DeflatingPeer server;
  test::ReceivingPeer client;
  std::shared_ptr<test::ScriptedStep> step =
      test::scripted(pipeline::StepKind::transform, [](const pipeline::Envelope& envelope, Bytes payload) {
        return test::text(payload) == kSentence ? test::replaced(envelope, bytes("changed"), "rule")
                                                : pipeline::Decision{};
      });
};

TEST_F(Recall, ReadsWhatCameBefore) {
  open();
  say(kSentence);
  say("something else");
  EXPECT_EQ(counters.bytes_inflated.load(), 0U);
  want_payloads();
  say(kSentence);
  say("something else");
  EXPECT_THAT(received(), ElementsAre(kSentence, "something else", "changed", "something else"));
  EXPECT_EQ(test::text(step->seen.at(0).payload), kSentence);
}

TEST_F(Recall, ReadsAllParts) {
  open({.rotate_bytes = 50});
  for (int i = 0; i < 5; ++i) say("each of these makes a part of its own, " + std::to_string(i));
  ASSERT_GT(writer->next_part(), 3U);
  want_payloads();
  say("each of these makes a part of its own");
  EXPECT_EQ(test::text(step->seen.at(0).payload), "each of these makes a part of its own");
}

// The message that is open has left in part: it passes untouched, and the next one can be read.
TEST_F(Recall, BeginsBehindTheOpenMessage) {
  open();
  const auto frames = test::frames_of(1, true, test::in_pieces(server.message(as_bytes(kSentence)), 3));
  arrives(frames[0]);
  arrives(frames[1]);
  want_payloads();
  arrives(frames[2]);
  say(kSentence);
  EXPECT_THAT(received(), ElementsAre(kSentence, "changed"));
}

TEST_F(Recall, DropsInsideAnOpenPlainMessage) {
  open();
  arrives({.payload = bytes("begun, "), .fin = false});
  step->judge_with([](const auto&, Bytes) { return test::dropped("rule"); });
  want_payloads();
  arrives({.opcode = 0, .payload = bytes("and dropped"), .fin = false});
  EXPECT_THAT(received(), ElementsAre("begun, ")) << "PIPE-5: what has left ends";
}

/// Without what came before, messages that refer to it are opaque: they pass as they are.
class NoRecall : public Recall {
 protected:
  void expect_opaque() {
    say(kSentence);
    want_payloads();
    say(kSentence);
    EXPECT_THAT(received(), ElementsAre(kSentence, kSentence));
    EXPECT_THAT(step->seen.at(0).payload, IsEmpty());
    EXPECT_EQ(step->seen.at(0).envelope.inflation, ws::Inflation::opaque);
  }
};

TEST_F(NoRecall, WhereThePayloadsWereCut) {
  open({.max_payload_bytes = 5});
  expect_opaque();
}

TEST_F(NoRecall, WhereAPartIsGone) {
  open({.rotate_bytes = 50});
  for (int i = 0; i < 5; ++i) say("each of these makes a part of its own, " + std::to_string(i));
  std::filesystem::remove(path);
  client.messages.clear();
  expect_opaque();
}

TEST_F(NoRecall, WhereTheCaptureIsNoFile) {
  open({.path = "/dev/null"});
  expect_opaque();
}

TEST_F(Recall, IsNotNeededWithoutTakeover) {
  open({.path = "/dev/null"}, "permessage-deflate; server_no_context_takeover");
  test::DeflatingPeer alone({.takeover = false});
  arrives({.payload = alone.message(as_bytes("first")), .rsv = 4});
  want_payloads();
  arrives({.payload = alone.message(as_bytes("second")), .rsv = 4});
  EXPECT_EQ(test::text(step->seen.at(0).payload), "second");
}

// A plan without steps alters nothing any more, and keeps the peer in step all the same.
TEST_F(Recall, GoesOnRecompressingUnderAnEmptyPlan) {
  open();
  want_payloads();
  say(kSentence);
  flow->replan(pipeline::Pipeline());
  say(kSentence);
  arrives({.opcode = 2, .payload = server.message(bytes("the last")), .rsv = 4});
  EXPECT_THAT(received(), ElementsAre("changed", kSentence, "the last"));
}

}  // namespace
}  // namespace wstap::formats

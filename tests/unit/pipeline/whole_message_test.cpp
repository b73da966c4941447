// SPDX-License-Identifier: Apache-2.0
// Messages that a step judges whole: their fragments wait for the last one, compressed or not, as long as
// they may, and leave one by one as they came (SAFE-2, FIL-2, PIPE-5).
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::Says;
using pipeline::StepKind;
using pipeline::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

class WholeMessage : public FlowTest {
 protected:
  WholeMessage() {
    step = scripted(StepKind::safety, [this](const Envelope& envelope, Bytes payload) {
      if (envelope.says == Says::frame) return Decision{};
      judged.emplace_back(envelope.says, text(payload));
      if (text(payload).find("secret") != std::string::npos) return dropped("no-secrets", Verdict::blocked);
      if (text(payload).find("old") != std::string::npos)
        return replaced(envelope, bytes("brand new"), "rule");
      return Decision{};
    });
    step->whole_messages = {true, false};
    steps = {step};
  }
  /// The pieces arrive, each a frame; the last ends the message.
  void say(const std::vector<std::string>& pieces, bool finished = true) {
    std::vector<Buffer> payloads;
    for (const auto& piece : pieces) payloads.push_back(bytes(piece));
    for (auto& frame : frames_of(1, false, payloads)) {
      frame.fin &= finished;
      arrives(frame);
    }
  }
  void arrives(const WireFrame& frame) { receiver.take(parse_frames(feed(kSend, proper(kSend, frame)).out)); }
  void waited_long_enough() { receiver.take(parse_frames(release(kSend))); }
  /// Verdicts with what became of those that were pending.
  std::vector<Verdict> verdicts() const {
    std::vector<Verdict> all;
    for (const auto& frame : tap.frames) {
      const auto outcome = std::ranges::find(tap.outcomes, frame.sequence, &pipeline::Outcome::sequence);
      all.push_back(outcome == tap.outcomes.end() ? frame.verdict : outcome->verdict);
    }
    return all;
  }
  PlainMessage message(std::string_view content) const { return {1, bytes(content)}; }

  std::shared_ptr<ScriptedStep> step;
  std::vector<std::pair<Says, std::string>> judged;
  ReceivingPeer receiver;
};

TEST_F(WholeMessage, WaitsForItsLastFrame) {
  say({"a", "b"}, false);
  EXPECT_FALSE(receiver.in_message());
  EXPECT_EQ(flow().release_due(kSend), clock.now + options.max_wait_ns);
  EXPECT_GT(flow().buffered(kSend), 2U);
  arrives({.opcode = 9, .payload = bytes("ping")});
  EXPECT_THAT(receiver.controls, ElementsAre(PlainMessage{9, bytes("ping")}))
      << "control frames pass meanwhile";
  arrives({.opcode = 0, .payload = bytes("c")});
  EXPECT_THAT(receiver.messages, ElementsAre(message("abc")));
  EXPECT_THAT(receiver.frames_of_messages, ElementsAre(3U));
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message, "abc")));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::pending);
  EXPECT_THAT(verdicts(),
              ElementsAre(Verdict::forwarded, Verdict::forwarded, Verdict::forwarded, Verdict::forwarded));
  EXPECT_FALSE(flow().release_due(kSend));
  EXPECT_EQ(flow().buffered(kSend), 0U);
}

TEST_F(WholeMessage, OfOneFrameWaitsForNothing) {
  say({"hello"});
  EXPECT_THAT(receiver.messages, ElementsAre(message("hello")));
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message, "hello")));
  EXPECT_TRUE(tap.outcomes.empty());
}

// SAFE-2: a pattern that fragment borders cut is found, wherever they are, and nothing of the message leaves.
TEST_F(WholeMessage, IsBlockedWhereverItsFragmentsEnd) {
  const std::string content = "my secret is out";
  for (std::size_t first = 1; first < content.size(); ++first)
    for (std::size_t second = first; second < content.size(); ++second)
      say({content.substr(0, first), content.substr(first, second - first), content.substr(second)});
  say({"fine"});
  EXPECT_THAT(receiver.messages, ElementsAre(message("fine")));
  auto all = verdicts();
  EXPECT_EQ(all.back(), Verdict::forwarded);
  all.pop_back();
  EXPECT_THAT(all, testing::Each(Verdict::blocked));
  EXPECT_EQ(tap.frames.back().verdict, Verdict::forwarded);
  EXPECT_EQ(tap.outcomes.front().cause, "no-secrets");
}

TEST_F(WholeMessage, IsReplacedInAsManyFramesAsCame) {
  say({"the ", "old", " one"});
  EXPECT_THAT(receiver.messages, ElementsAre(message("brand new")));
  EXPECT_THAT(receiver.frames_of_messages, ElementsAre(3U));
  EXPECT_THAT(verdicts(), ElementsAre(Verdict::changed, Verdict::changed, Verdict::changed));
}

// DEF-6 says so of compressed messages: of others too, only the last frame stands for the message.
TEST_F(WholeMessage, HasFragmentsThatCannotBeReplacedAlone) {
  step->judge_with([](const Envelope& envelope, Bytes) {
    return envelope.says == Says::frame ? replaced(envelope, bytes("x"), "rule") : Decision{};
  });
  say({"a", "b"});
  EXPECT_THAT(receiver.messages, ElementsAre(message("ab")));
  EXPECT_EQ(tap.outcomes.at(0).cause, "edit_refused:fragment_of_message");
}

// LIM-2: what has come is judged as it is, and the rest as it comes.
TEST_F(WholeMessage, OverItsLimitIsJudgedAsFarAsItCame) {
  options.max_message_bytes = 10;
  say({"1234567", "89abcdef", "secret"});
  EXPECT_THAT(receiver.messages, ElementsAre(message("123456789abcdef"))) << "of which the rest is cut off";
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message_so_far, "123456789abcdef"),
                                  std::pair(Says::rest, "secret")));
  say({"1234 secret", "x", "y"});
  EXPECT_EQ(receiver.messages.size(), 1U);
  EXPECT_FALSE(receiver.in_message());
  say({"next"});
  EXPECT_EQ(receiver.messages.size(), 2U);
}

// FRM-5: data_inside_message. What has come is judged, and leaves before what it was interrupted by.
TEST_F(WholeMessage, InterruptedIsJudgedAsFarAsItCame) {
  for (const auto& [opcode, payload, fin] : {std::tuple(1, "a", false),
                                             {0, "b", false},
                                             {1, "c", false},
                                             {0, "d", true},
                                             {0, "stray secret", true}})
    feed(kSend,
         proper(kSend, {.opcode = static_cast<std::uint8_t>(opcode), .payload = bytes(payload), .fin = fin}));
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message_so_far, "ab"), std::pair(Says::message, "cd")));
  EXPECT_THAT(said(kSend), ElementsAre("a", "b", "c", "d", "stray secret"));
  const auto about_ab = std::ranges::find(step->seen, Says::message_so_far,
                                          [](const auto& seen) { return seen.envelope.says; });
  EXPECT_TRUE(about_ab->envelope.anomalies.has(ws::Anomaly::data_inside_message));
}

TEST_F(WholeMessage, WaitsNoLongerThanItMay) {
  say({"a", "b"}, false);
  waited_long_enough();
  EXPECT_TRUE(receiver.in_message());
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message_so_far, "ab")));
  EXPECT_FALSE(flow().release_due(kSend));
  arrives({.opcode = 0, .payload = bytes("c"), .fin = false});
  arrives({.opcode = 0, .payload = bytes("d")});
  EXPECT_THAT(receiver.messages, ElementsAre(message("abcd")));
  say({"e", "f"});
  EXPECT_THAT(judged.back(), std::pair(Says::message, "ef")) << "the next one is judged whole again";
  EXPECT_THAT(judged[1], std::pair(Says::rest, "c"));
  EXPECT_THAT(judged[2], std::pair(Says::rest, "d"));
}

TEST_F(WholeMessage, BlockedForWhatCameGetsNoRest) {
  say({"a ", "secret"}, false);
  waited_long_enough();
  arrives({.opcode = 0, .payload = bytes("rest")});
  EXPECT_FALSE(receiver.in_message());
  EXPECT_THAT(receiver.messages, IsEmpty());
  EXPECT_THAT(verdicts(), testing::Each(Verdict::blocked));
  say({"next"});
  EXPECT_THAT(receiver.messages, ElementsAre(message("next")));
}

TEST_F(WholeMessage, IsReplacedAsFarAsItCame) {
  say({"an ", "old "}, false);
  waited_long_enough();
  arrives({.opcode = 0, .payload = bytes(" tail")});
  EXPECT_THAT(receiver.messages, ElementsAre(message("brand new tail")));
}

TEST_F(WholeMessage, IsJudgedAtACloseAndAtTheEnd) {
  say({"a ", "secret"}, false);
  receiver.take(parse_frames(feed(kSend, close_frame(kSend, 1000)).out));
  EXPECT_FALSE(receiver.in_message());
  EXPECT_EQ(receiver.controls.size(), 1U);
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message_so_far, "a secret")));
}

TEST_F(WholeMessage, LeavesAtTheEndWhenNothingIsWrongWithIt) {
  say({"a", "b"}, false);
  pipeline::LaneScratch scratch;
  receiver.take(parse_frames(flow().release(kSend, clock.now, scratch, false).out));
  EXPECT_TRUE(receiver.in_message());
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message_so_far, "ab")));
}

// What only looks does not hold anything up.
TEST_F(WholeMessage, DoesNotWaitForAStepThatAltersNothing) {
  step->alters = false;
  step->judge_with([this](const Envelope& envelope, Bytes payload) {
    if (envelope.says != Says::frame) judged.emplace_back(envelope.says, text(payload));
    return Decision{};
  });
  say({"a", "b"}, false);
  EXPECT_TRUE(receiver.in_message());
  arrives({.opcode = 0, .payload = bytes("c")});
  EXPECT_THAT(judged, ElementsAre(std::pair(Says::message, "abc")));
  EXPECT_TRUE(tap.outcomes.empty());
}

TEST_F(WholeMessage, IsAMatterOfOneDirection) {
  feed(kReceive, proper(kReceive, {.opcode = 1, .payload = bytes("a"), .fin = false}));
  EXPECT_EQ(frames_left(kReceive).size(), 1U);
  EXPECT_FALSE(flow().release_due(kReceive));
}

class WholeCompressedMessage : public WholeMessage {
 protected:
  WholeCompressedMessage() { extensions = "permessage-deflate"; }
  void say_compressed(Bytes compressed, std::size_t frames) {
    for (const auto& frame : frames_of(1, true, in_pieces(compressed, frames))) arrives(frame);
  }
  DeflatingPeer sender;
};

TEST_F(WholeCompressedMessage, IsJudgedByWhatItSays) {
  say_compressed(sender.message(bytes("my secret")), 3);
  say_compressed(sender.message(bytes("no harm")), 2);
  EXPECT_THAT(receiver.messages, ElementsAre(message("no harm")));
  EXPECT_THAT(judged,
              ElementsAre(std::pair(Says::message, "my secret"), std::pair(Says::message, "no harm")));
}

// SAFE-2: the step is told what it cannot read before any of it has left, and may block it.
TEST_F(WholeCompressedMessage, ThatCannotBeInflatedCanBeBlocked) {
  std::vector<ws::Inflation> told;
  step->judge_with([&told](const Envelope& envelope, Bytes) {
    if (envelope.says == Says::frame) return Decision{};
    told.push_back(envelope.inflation);
    return envelope.says_content() ? Decision{} : dropped("unreadable", Verdict::blocked);
  });
  options.max_message_bytes = 100'000;
  say_compressed(sender.message(Buffer(300'000, std::byte{'x'})), 4);
  say_compressed(sender.message(bytes("still readable")), 2);
  EXPECT_THAT(receiver.messages, ElementsAre(message("still readable")));
  Buffer corrupt = bytes("\x07\xff\xff\xff nonsense");
  say_compressed(corrupt, 2);
  say_compressed(sender.message(bytes("behind what is corrupt")), 1);
  EXPECT_EQ(receiver.messages.size(), 1U);
  EXPECT_FALSE(receiver.in_message());
  EXPECT_FALSE(flow().failed());
  EXPECT_THAT(told, ElementsAre(ws::Inflation::limited, ws::Inflation::done, ws::Inflation::opaque,
                                ws::Inflation::opaque));
}

TEST_F(WholeCompressedMessage, WaitsNoLongerThanItMay) {
  const auto frames = frames_of(1, true, in_pieces(sender.message(bytes("quite harmless")), 3));
  arrives(frames[0]);
  arrives(frames[1]);
  waited_long_enough();
  EXPECT_TRUE(receiver.in_message());
  ASSERT_EQ(judged.size(), 1U);
  EXPECT_EQ(judged[0].first, Says::message_so_far);
  arrives(frames[2]);
  EXPECT_THAT(receiver.messages, ElementsAre(message("quite harmless")));
}

// The same behind an altered message, where all is compressed anew.
TEST_F(WholeCompressedMessage, WaitsNoLongerThanItMayWhileItIsRecompressed) {
  say_compressed(sender.message(bytes("old")), 2);
  const auto frames = frames_of(1, true, in_pieces(sender.message(bytes("quite harmless")), 3));
  arrives(frames[0]);
  arrives(frames[1]);
  waited_long_enough();
  EXPECT_TRUE(receiver.in_message());
  arrives(frames[2]);
  say_compressed(sender.message(bytes("and on")), 2);
  EXPECT_THAT(receiver.messages,
              ElementsAre(message("brand new"), message("quite harmless"), message("and on")));
}

}  // namespace
}  // namespace wstap::test

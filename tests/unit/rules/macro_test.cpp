// SPDX-License-Identifier: Apache-2.0
// PIPE-6: rules that take variables from frames and use them later, and rules that delay.
#include "libcore/rules/rule_set.h"
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

class Macros : public FlowTest {
 protected:
  /// @param toml  a rules file.
  void use(std::string_view toml) {
    auto rules = rules::parse(toml);
    ASSERT_TRUE(rules) << rules.error().front().text;
    current.replace(rules->pipeline());
    pipeline::FlowOpened opened;
    opened.id = 7;
    opened.extensions = extensions;
    open_flow = std::make_unique<pipeline::Flow>(std::move(opened), current,
                                                 pipeline::LaneContext{options, tap, entropy, counters});
    ASSERT_TRUE(open_flow->open());
  }
  struct Turned {
    Buffer at_once, later;
    std::size_t used = 0;
    std::int64_t delay_ns = 0;
  };
  Turned turn(ws::Direction direction, Buffer data) {
    const auto took = open_flow->take(direction, data, clock.now, scratch);
    const auto at_once = took.delay_ns == 0 ? took.out : took.out.first(took.delayed_from);
    return {to_buffer(at_once), to_buffer(took.out.subspan(at_once.size())), took.used, took.delay_ns};
  }
  void say(ws::Direction direction, std::string_view text) {
    const auto took = turn(direction, text_frame(direction, text));
    receivers[ws::index(direction)].take(parse_frames(took.at_once));
  }
  std::vector<std::string> received(ws::Direction direction) const {
    std::vector<std::string> all;
    for (const auto& message : receivers[ws::index(direction)].messages) all.push_back(text(message.content));
    return all;
  }

  pipeline::CurrentPipeline current;
  pipeline::LaneScratch scratch;
  std::unique_ptr<pipeline::Flow> open_flow;
  std::array<ReceivingPeer, 2> receivers;
};

constexpr const char* kToken = R"(
[[macro]]
id = "token"

[[macro.rule]]
filter = 'receive'
extract = { token = { json = "/token" }, n = { json = "/n" } }

[[macro.rule]]
id = "use"
filter = 'send and text contains "pay"'
set = { "/token" = "<${token}>" }
set_json = { "/n" = '${n}' }
after = { text = "${token} was used" }
)";

TEST_F(Macros, TakeVariablesFromFramesAndUseThemLater) {
  use(kToken);
  say(kSend, R"({"pay":1})");
  say(kReceive, R"({"token":"a\"b","n":42})");
  say(kReceive, "says nothing of it");
  say(kReceive, R"({"token":[]})");
  say(kReceive, R"({"token":"a\"b"})");
  say(kSend, R"({"pay":1})");
  say(kReceive, R"({"token":"c","n":43})");
  say(kSend, R"({"pay":1,"token":null})");
  EXPECT_THAT(received(kSend),
              ElementsAre(R"({"pay":1})", R"({"pay":1,"token":"<a\"b>","n":42})", "a\"b was used",
                          R"({"pay":1,"token":"<c>","n":43})", "c was used"));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_EQ(tap.frames[0].cause, "edit_refused:variable_without_value");
  EXPECT_EQ(tap.frames[5].cause, "macro:token/use");
}

TEST_F(Macros, ComeBehindRulesAndInOrder) {
  use(R"(
[[macro]]
id = "m"
rule = [ { replace = { pattern = 'b', with = 'c' } } ]
[[transform]]
id = "t"
replace = { pattern = 'a', with = 'b' }
)");
  say(kSend, "a");
  EXPECT_THAT(received(kSend), ElementsAre("c"));
  EXPECT_EQ(tap.frames[0].cause, "macro:m");
}

TEST_F(Macros, KeepVariablesForTheFlowAlone) {
  use(kToken);
  say(kReceive, R"({"token":"a","n":1})");
  auto first = std::move(open_flow);
  use(kToken);
  say(kSend, R"({"pay":2})");
  EXPECT_THAT(received(kSend), ElementsAre(R"({"pay":2})"));
}

TEST_F(Macros, MakeNoControlFrameTooLong) {
  use(R"(
[[macro]]
id = "m"
[[macro.rule]]
filter = 'receive'
extract = { all = { pattern = '.*' } }
[[macro.rule]]
filter = 'send'
before = { opcode = "ping", text = "${all}" }
)");
  say(kReceive, std::string(126, 'x'));
  say(kSend, "a");
  EXPECT_THAT(receivers[0].controls, IsEmpty());
  EXPECT_THAT(received(kSend), ElementsAre("a"));
  say(kReceive, std::string(125, 'x'));
  say(kSend, "b");
  EXPECT_EQ(receivers[0].controls.size(), 1U);
}

class Delays : public Macros {
 protected:
  void delay_of(std::string_view filter) {
    use("[[transform]]\nid = 'slow'\nfilter = '" + std::string(filter) + "'\ndelay = '250ms'\n");
  }
  static std::vector<std::string> texts(Bytes frames) {
    std::vector<std::string> all;
    for (const auto& frame : parse_frames(frames)) all.push_back(text(frame.payload));
    return all;
  }
};

TEST_F(Delays, StandBeforeWhatComesBehind) {
  delay_of("text contains \"slow\"");
  Buffer all = text_frame(kSend, "one");
  append(all, text_frame(kSend, "slow two"));
  append(all, text_frame(kSend, "three"));
  const auto took = turn(kSend, all);
  EXPECT_THAT(texts(took.at_once), ElementsAre("one"));
  EXPECT_THAT(texts(took.later), ElementsAre("slow two"));
  EXPECT_EQ(took.delay_ns, 250'000'000);
  EXPECT_LT(took.used, all.size()) << "what is behind it is not taken yet";
  ASSERT_EQ(tap.frames.size(), 2U);
  EXPECT_EQ(tap.frames[1].verdict, Verdict::pending) << "CAP-2: its fate is open";
  EXPECT_TRUE(tap.outcomes.empty());

  clock.now += 250'000'000;
  EXPECT_TRUE(open_flow->leave_delayed(kSend, clock.now));
  ASSERT_EQ(tap.outcomes.size(), 1U);
  EXPECT_EQ(tap.outcomes[0].sequence, 3U);
  EXPECT_EQ(tap.outcomes[0].verdict, Verdict::forwarded);
  EXPECT_EQ(tap.outcomes[0].time_ns, clock.now);
  const auto rest = turn(kSend, to_buffer(Bytes(all).subspan(took.used)));
  EXPECT_THAT(texts(rest.at_once), ElementsAre("three"));
}

TEST_F(Delays, OfMessagesHoldAllTheirFrames) {
  delay_of("text");
  for (const bool compressed : {false, true}) {
    SCOPED_TRACE(compressed);
    extensions = compressed ? "permessage-deflate" : "";
    delay_of("text");
    tap.frames.clear();
    tap.outcomes.clear();
    DeflatingPeer sender;
    const auto said = compressed ? sender.message(bytes("said in pieces")) : bytes("said in pieces");
    Turned took;
    for (const auto& frame : frames_of(1, compressed, in_pieces(said, 3))) {
      took = turn(kSend, proper(kSend, frame));
      EXPECT_THAT(took.at_once, IsEmpty());
    }
    EXPECT_EQ(parse_frames(took.later).size(), 3U);
    for (const auto& frame : tap.frames) EXPECT_EQ(frame.verdict, Verdict::pending);
    EXPECT_TRUE(open_flow->leave_delayed(kSend, clock.now));
    ASSERT_EQ(tap.outcomes.size(), 3U);
    for (const auto& outcome : tap.outcomes) EXPECT_EQ(outcome.verdict, Verdict::forwarded);
  }
}

TEST_F(Delays, ThatNeverEndAreDropped) {
  delay_of("ping");
  turn(kSend, proper(kSend, {.opcode = 9, .payload = bytes("x")}));
  open_flow->give_up("idle_timeout");
  ASSERT_TRUE(open_flow->finish(clock.now));
  ASSERT_EQ(tap.outcomes.size(), 1U);
  EXPECT_EQ(tap.outcomes[0].verdict, Verdict::dropped);
  EXPECT_EQ(tap.outcomes[0].cause, "idle_timeout");
}

TEST_F(Delays, ThatOutlastACloseAreDropped) {
  delay_of("text");
  turn(kSend, text_frame(kSend, "slow"));
  turn(kReceive, close_frame(kReceive, 1000));
  open_flow->give_up("close_timeout");
  ASSERT_TRUE(open_flow->finish(clock.now));
  EXPECT_EQ(tap.outcomes.at(0).cause, "close_unanswered");
}

TEST_F(Delays, KeepWhatWasChangedUntilThen) {
  use("[[transform]]\nid='a'\nreplace={pattern='x',with='y'}\ndelay='1s'\ntags=['t']\n");
  const auto took = turn(kReceive, text_frame(kReceive, "x"));
  EXPECT_THAT(texts(took.later), ElementsAre("y"));
  EXPECT_FALSE(tap.frames.at(0).sent);
  EXPECT_THAT(tap.frames[0].tags, ElementsAre("t"));
  EXPECT_TRUE(open_flow->leave_delayed(kReceive, clock.now));
  EXPECT_EQ(tap.outcomes.at(0).verdict, Verdict::changed);
  EXPECT_EQ(tap.outcomes[0].cause, "rule:a");
  EXPECT_EQ(tap.outcomes[0].sent, took.later);
}

// HOLD-3: what is put beside it is recorded where it leaves, in the order of the wire, and only if it does.
TEST_F(Delays, KeepWhatIsPutBesideThemUntilThen) {
  use("[[transform]]\nid='a'\nfilter='text'\ndelay='1s'\nbefore={text='before'}\ncopies=1\n");
  const auto took = turn(kSend, text_frame(kSend, "x"));
  EXPECT_THAT(texts(took.later), ElementsAre("before", "x", "x"));
  ASSERT_EQ(tap.frames.size(), 1U);
  EXPECT_EQ(tap.frames[0].verdict, Verdict::pending);
  EXPECT_GE(open_flow->buffered(kSend), took.later.size() - text_frame(kSend, "x").size());
  clock.now += 1'000'000'000;
  EXPECT_TRUE(open_flow->leave_delayed(kSend, clock.now));
  EXPECT_EQ(open_flow->buffered(kSend), 0U);
  ASSERT_EQ(tap.frames.size(), 3U);
  for (std::size_t i : {1U, 2U}) {
    EXPECT_EQ(tap.frames[i].verdict, Verdict::injected);
    EXPECT_EQ(tap.frames[i].cause, "rule:a");
    EXPECT_EQ(tap.frames[i].sequence, i + 2);
    EXPECT_EQ(tap.frames[i].time_ns, clock.now);
  }
  EXPECT_EQ(tap.outcomes.at(0).verdict, Verdict::forwarded);

  turn(kSend, text_frame(kSend, "never"));
  open_flow->give_up("reset");
  ASSERT_TRUE(open_flow->finish(clock.now));
  EXPECT_EQ(tap.frames.size(), 4U);
  EXPECT_EQ(tap.outcomes.back().verdict, Verdict::dropped);
  ASSERT_EQ(tap.notes.size(), 2U);
  EXPECT_EQ(tap.notes[0].text, "not_injected: text of 6 bytes (rule:a): the flow ended before it left");
  EXPECT_EQ(tap.closed.back().counts[0].frames, 2U) << "of the peer's own";
}

TEST_F(Delays, LeaveNothingUnrecorded) {
  delay_of("text");
  turn(kSend, text_frame(kSend, "x"));
  tap.failing = true;
  EXPECT_FALSE(open_flow->leave_delayed(kSend, clock.now));
  EXPECT_TRUE(open_flow->failed());
}

}  // namespace
}  // namespace wstap::test

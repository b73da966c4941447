// SPDX-License-Identifier: Apache-2.0
// Input rules and frames that RFC 6455 5.4 forbids: nobody knows which message they are part of (SAFE-2).
#include <random>

#include "tests/unit/steps/safety_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;

/// Ways to say "drop table" that RFC 6455 forbids, and that a careless receiver may put together.
std::vector<std::pair<std::string, std::vector<WireFrame>>> riddles() {
  const auto text = [](const char* payload, bool fin) {
    return WireFrame{.opcode = 1, .payload = bytes(payload), .fin = fin};
  };
  const auto more = [](const char* payload, bool fin) {
    return WireFrame{.opcode = 0, .payload = bytes(payload), .fin = fin};
  };
  const WireFrame binary{.opcode = 2, .payload = bytes("x")}, part{.opcode = 2, .fin = false};
  return {
      {"a message in a message", {text("drop", false), text("x", true), more(" table", true)}},
      {"... that says the rest", {text("drop", false), text(" table", true)}},
      {"a binary one", {text("drop", false), binary, more(" table", true)}},
      {"one in fragments", {text("drop", false), text("x", false), more("y", true), more(" table", true)}},
      {"two that begin", {text("drop", false), text(" table", false), more("", true)}},
      {"a binary one in fragments", {text("drop", false), part, more("x", true), more(" table", true)}},
      {"none", {more("drop table", true)}},
      {"none, in pieces", {more("drop", false), more(" table", true)}},
      {"behind one that is over", {text("x", true), more("drop table", true)}},
      {"an opcode of nobody's", {{.opcode = 3, .payload = bytes("drop table")}}},
      {"... in pieces", {{.opcode = 3, .payload = bytes("drop"), .fin = false}, more(" table", true)}},
  };
}

// SAFE-2: nobody knows which message these are part of.
TEST_F(SafetyInputs, BlockWhatBelongsToNoMessage) {
  use({rule("bad", "drop table")});
  for (const auto& [what, frames] : riddles()) {
    const auto before = received().size();
    for (const auto& frame : frames) arrives(frame);
    EXPECT_FALSE(receiver.in_message()) << what;
    for (std::size_t i = before; i < received().size(); ++i) EXPECT_EQ(received()[i], "x") << what;
    EXPECT_EQ(tap.frames.back().verdict, Verdict::blocked) << what;
    EXPECT_EQ(tap.frames.back().cause, "safety:unreadable") << what;
    say({"fine"});
    EXPECT_EQ(received().back(), "fine") << what;
  }
  EXPECT_FALSE(flow().failed());
}

/// Receivers that are not careful about which fragments are of one message.
class CarelessReceivers {
 public:
  bool heard(std::string_view what) const {
    return std::ranges::any_of(said_, [&](const auto& each) { return each.find(what) != std::string::npos; });
  }
  void take(const ParsedFrame& frame) {
    const bool begins = frame.opcode != 0;
    // One adds to what is open whatever comes; one forgets it where a message begins; one lets whole messages
    // pass.
    add(said_[0], frame, false);
    add(said_[1], frame, begins);
    if (!begins || !frame.fin) add(said_[2], frame, begins);
  }

 private:
  static void add(std::string& said, const ParsedFrame& frame, bool anew) {
    if (anew || said.ends_with('.')) said.clear();
    said += text(frame.payload);
    if (frame.fin) said += '.';
  }
  std::array<std::string, 3> said_;
};

TEST_F(SafetyInputs, LeaveNothingToCarelessReceivers) {
  auto rule = this->rule("bad", "abcd");
  rule.binaries = true;
  options.max_message_bytes = 5;
  use({rule});
  std::mt19937 random(1);
  CarelessReceivers receivers;
  const auto any = [&](std::size_t below) { return random() % below; };
  for (int i = 0; i < 400'000; ++i) {
    constexpr std::array<std::uint8_t, 6> kOpcodes = {0, 0, 0, 1, 2, 3};
    const auto begin = any(4);
    const auto came = proper(kSend, {.opcode = kOpcodes[any(6)],
                                     .payload = bytes(std::string("abcd").substr(begin, 1 + any(3))),
                                     .fin = any(2) == 0});
    Buffer left = feed(kSend, came).out;
    if (any(8) == 0) append(left, release(kSend));
    for (const auto& frame : parse_frames(left)) {
      receivers.take(frame);
      ASSERT_FALSE(receivers.heard("abcd")) << "frame " << i;
    }
  }
  EXPECT_FALSE(flow().failed());
  EXPECT_GT(left(kSend).size(), 200'000U);
}

TEST_F(SafetyInputs, JudgeWhatBelongsToNoMessageByItselfWhereItMayPass) {
  input.blocks_unreadable = false;
  auto both = rule("bad", "drop");
  both.binaries = true;
  auto seen = rule("seen", "see", false);
  seen.binaries = true;
  use({both, seen});
  for (const WireFrame& frame : {WireFrame{.opcode = 0, .payload = bytes("drop")},
                                 {.opcode = 0, .payload = bytes("see")},
                                 {.opcode = 3, .payload = bytes("drop")},
                                 {.opcode = 1, .payload = bytes("drop"), .fin = false},
                                 {.opcode = 1, .payload = bytes("in it")}})
    feed(kSend, proper(kSend, frame));
  EXPECT_THAT(said(kSend), ElementsAre("see", "in it"));
  EXPECT_THAT(tap.frames[1].logged, ElementsAre("seen")) << "once";
  EXPECT_EQ(tap.outcomes.at(0).cause, "safety:bad");
}

// What had to leave before another message came is ended, and nothing is added to it.
TEST_F(SafetyInputs, EndWhatHadLeftOfAnInterruptedMessage) {
  use({rule("bad", "drop table")});
  arrives({.opcode = 1, .payload = bytes("drop"), .fin = false});
  receiver.take(parse_frames(release(kSend)));
  EXPECT_TRUE(receiver.in_message());
  arrives({.opcode = 1, .payload = bytes(" ta"), .fin = false});
  arrives({.opcode = 0, .payload = bytes("ble")});
  arrives({.opcode = 0, .payload = bytes(" table")});
  say({" table"});
  EXPECT_THAT(received(), ElementsAre("drop", " table"));
  EXPECT_EQ(tap.frames[2].verdict, Verdict::truncated);
  EXPECT_EQ(tap.frames[3].verdict, Verdict::blocked);
}

}  // namespace
}  // namespace wstap::test

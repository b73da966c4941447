// SPDX-License-Identifier: Apache-2.0
// What transforms do not do, since it would be too much, or nobody knows what it would be (PIPE-6, LIM-2).
#include "tests/unit/steps/transform_fixture.h"

namespace wstap::test {
namespace {

using pipeline::Verdict;
using testing::ElementsAre;

TEST_F(Transforms, MakeNoMessageLargerThanOneMayBe) {
  auto swell = rule("swell", "text");
  swell.replacements = replacing("a", std::string(1 << 20, 'b'));
  use({swell});
  say({std::string(65, 'a')});
  say({"cat"});
  EXPECT_THAT(received(), ElementsAre(std::string(65, 'a'), "c" + std::string(1 << 20, 'b') + "t"));
  EXPECT_EQ(tap.frames[0].verdict, Verdict::forwarded);
  EXPECT_EQ(tap.frames[0].cause, "edit_refused:too_large");
}

// RFC 6455 5.5
TEST_F(Transforms, MakeNoControlFrameLongerThanOneMayBe) {
  auto swell = rule("swell", "ping");
  swell.replacements = replacing("a", std::string(100, 'b'));
  use({swell});
  arrives({.opcode = 9, .payload = bytes("a")});
  arrives({.opcode = 9, .payload = bytes("aa")});
  EXPECT_THAT(receiver.controls,
              ElementsAre(PlainMessage{9, bytes(std::string(100, 'b'))}, PlainMessage{9, bytes("aa")}));
  EXPECT_EQ(tap.frames[1].cause, "edit_refused:too_large");
}

/// A message that nobody inflates.
class UnreadMessages : public Transforms {
 protected:
  void expect_untouched_by(const steps::TransformRule& rule) {
    extensions = "permessage-deflate";
    options.inflate = pipeline::InflateWhen::never;
    use({rule});
    DeflatingPeer sender;
    arrives({.opcode = 1, .payload = sender.message(bytes("hello")), .rsv = 4});
    EXPECT_THAT(received(), ElementsAre("hello"));
    EXPECT_EQ(tap.frames.at(0).cause, "edit_refused:opaque");
  }
};

TEST_F(UnreadMessages, AreNotCopied) {
  auto twice = rule("twice", "text");
  twice.copies = 1;
  expect_untouched_by(twice);
}

TEST_F(UnreadMessages, AreNotChanged) {
  auto swap = rule("swap", "text");
  swap.replacements = replacing("h", "H");
  expect_untouched_by(swap);
}

// LIM-2: all of what a rule puts beside a message, or nothing, and nothing without a word.
TEST_F(Transforms, PutNoMoreBesideAMessageThanOneMayBe) {
  auto many = rule("many", "text contains \"x\"");
  many.copies = 100;
  auto last = rule("last", "text");
  last.after = {{ws::kText, steps::Template::literal("after")}};
  use({many, last});
  say({std::string(1 << 20, 'x')});
  say({"x"});
  ASSERT_EQ(receiver.messages.size(), 1U + 1 + 101 + 1);
  EXPECT_EQ(text(receiver.messages[1].content), "after");
  ASSERT_EQ(tap.notes.size(), 1U);
  EXPECT_EQ(tap.notes[0].text,
            "not_injected: 100 times text of 1048576 bytes (rule:many): too much beside one frame");
}

// LIM-2: what is read at once is no matter of how much leaves at once.
TEST_F(Transforms, EndATurnWhereMuchLeaves) {
  auto many = rule("many", "text");
  many.copies = 100;
  use({many});
  Buffer came;
  for (int i = 0; i < 40; ++i) append(came, text_frame(kSend, std::string(10'000, 'x')));
  pipeline::LaneScratch scratch;
  std::size_t turns = 0, most = 0;
  std::vector<ParsedFrame> left;
  for (bool more = true; more; ++turns) {
    const auto turn = flow().take(kSend, came, clock.now, scratch);
    most = std::max(most, turn.out.size());
    for (auto& frame : parse_frames(turn.out)) left.push_back(std::move(frame));
    came.erase(came.begin(), came.begin() + static_cast<std::ptrdiff_t>(turn.used));
    more = turn.more;
  }
  EXPECT_TRUE(came.empty());
  EXPECT_EQ(left.size(), 40U * 101);
  EXPECT_EQ(tap.frames.size(), left.size());
  EXPECT_GT(turns, 10U);
  EXPECT_LT(most, 4U << 20) << "of 40 MB";
}

}  // namespace
}  // namespace wstap::test

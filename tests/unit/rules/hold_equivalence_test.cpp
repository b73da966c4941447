// SPDX-License-Identifier: Apache-2.0
// HOLD-1: what is held and released, in whatever order, leaves as if it had never been held: the same
// frames of data, and the same said of every frame.
#include <random>

#include "libcore/rules/rule_set.h"
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/hold_fixture.h"

namespace wstap::test {
namespace {

using Random = std::minstd_rand;

std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

constexpr std::array<const char*, 6> kRules = {"",
                                               R"([[transform]]
id = "swap"
filter = 'text'
replace = [{pattern = 'a', with = 'bb'}]
)",
                                               R"([[transform]]
id = "drop"
filter = 'payload contains "drop"'
drop = true
)",
                                               R"([[safety.input]]
id = "no"
pattern = 'drop'
)",
                                               R"([[safety.input]]
id = "log"
pattern = 'a'
action = "log_only"
[[transform]]
id = "fragments"
filter = 'not fin and opcode == continuation'
drop = true
)",
                                               R"([[transform]]
id = "beside"
filter = 'payload contains "ab"'
before = [{text = "before"}]
after = [{text = "after"}]
tags = ["t"]
)"};

constexpr std::array<const char*, 4> kHolds = {"send", "send and text", "send and payload contains \"a\"",
                                               "send and fin"};

struct Session {
  std::string rules;
  std::string extensions;
  std::vector<WireFrame> frames;
};

/// Messages of a few letters, some compressed, in fragments, with control frames among them; some end in the
/// middle.
Session random_session(Random& random) {
  Session session;
  const std::string hold = kHolds[below(random, kHolds.size())];
  session.rules =
      std::string(kRules[below(random, kRules.size())]) + "[[hold]]\nid = \"h\"\nfilter = '" + hold + "'\n";
  const bool takeover = below(random, 2) == 0;
  const bool deflates = below(random, 2) == 0;
  if (deflates)
    session.extensions = takeover ? "permessage-deflate" : "permessage-deflate; client_no_context_takeover";
  DeflatingPeer sender({.takeover = takeover});
  for (std::size_t i = 0; i < 8; ++i) {
    std::string content;
    for (std::size_t n = below(random, 12); n != 0; --n) content += "ab drop"[below(random, 7)];
    if (below(random, 4) == 0) content += "drop";
    const bool compressed = deflates && below(random, 3) != 0;
    const Buffer payload = compressed ? sender.message(as_bytes(content)) : to_buffer(as_bytes(content));
    const auto opcode = static_cast<std::uint8_t>(1 + below(random, 2));
    auto frames = frames_of(opcode, compressed, in_pieces(payload, 1 + below(random, 3)));
    // With takeover nothing would be readable behind a message that does not end.
    if (!compressed && below(random, 12) == 0) frames.pop_back();
    for (auto& frame : frames) {
      session.frames.push_back(std::move(frame));
      if (below(random, 5) == 0) session.frames.push_back({.opcode = 9, .payload = bytes("ping")});
    }
  }
  if (below(random, 2) == 0) session.frames.push_back({.opcode = 8, .payload = close_body(1000)});
  return session;
}

class Equivalence : public HoldTest {
 protected:
  struct Result {
    std::vector<ParsedFrame> data, controls;
    std::map<pipeline::Sequence, std::string> verdicts;
    std::map<pipeline::Sequence, std::vector<std::string>> tags;
    std::string reason;
  };

  void begin(const Session& session) {
    restart();
    tap.outcomes.clear();
    tap.closed.clear();
    chore_fault.reset();
    auto rules = rules::parse(session.rules);
    ASSERT_TRUE(rules) << rules.error().front().text << "\n" << session.rules;
    extensions = session.extensions;
    steps.clear();
    if (rules->safety_step) steps.push_back(rules->safety_step);
    steps.push_back(std::make_shared<steps::Intercept>(rules->holds));
    steps.push_back(std::make_shared<steps::Transform>(rules->transforms));
    held_flow();
  }

  Result take_result() {
    Result result;
    finish();
    for (auto& frame : frames_left(kSend))
      (frame.opcode < 8 ? result.data : result.controls).push_back(std::move(frame));
    for (const auto& frame : tap.frames) {
      if (pipeline::made_here(frame.verdict)) continue;
      result.verdicts[frame.sequence - made_before(frame.sequence)] = name(frame.verdict);
      result.tags[frame.sequence - made_before(frame.sequence)] = frame.tags;
    }
    for (const auto& outcome : tap.outcomes) {
      result.verdicts[outcome.sequence - made_before(outcome.sequence)] = name(outcome.verdict);
      pipeline::add_each_once(result.tags[outcome.sequence - made_before(outcome.sequence)], outcome.tags);
    }
    result.reason = tap.closed.at(0).reason;
    return result;
  }
  /// Frames of wstap's own take numbers, too, and others where frames wait.
  std::uint64_t made_before(pipeline::Sequence sequence) const {
    std::uint64_t count = 0;
    for (const auto& frame : tap.frames)
      count += pipeline::made_here(frame.verdict) && frame.sequence < sequence;
    return count;
  }

  Result pass_at_once(const Session& session) {
    is_anybody_there = false;
    begin(session);
    for (const auto& frame : session.frames) {
      if (feed(kSend, proper(kSend, frame)).fault) break;
    }
    return take_result();
  }

  Result pass_held(const Session& session, Random& random) {
    is_anybody_there = true;
    begin(session);
    bool failed = false;
    for (const auto& frame : session.frames) {
      failed = failed || chore_fault || feed(kSend, proper(kSend, frame)).fault;
      while (!failed && below(random, 3) == 0 && !items().empty()) {
        const auto all = items();
        EXPECT_TRUE(release(all[below(random, all.size())]->id.sequence).result == HoldTest::Result::ok);
        if (below(random, 2) == 0) chores(kSend);
      }
    }
    while (!items().empty()) release(items().back()->id.sequence);
    if (!failed) chores(kSend);
    EXPECT_TRUE(failed || chore_fault || !flow().holds_any());
    return take_result();
  }
};

TEST_F(Equivalence, Hold1_ReleasedIsAsIfItHadNeverBeenHeld) {
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    Random random(seed);
    const Session session = random_session(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << "\n" << session.rules << session.extensions);
    const Result at_once = pass_at_once(session);
    const Result held = pass_held(session, random);
    ASSERT_EQ(at_once.reason, held.reason);
    ASSERT_EQ(at_once.data, held.data);
    // Where a frame ended the flow, more of them had come when it did.
    if (!held.reason.empty()) continue;
    ASSERT_EQ(at_once.controls.size(), held.controls.size());
    ASSERT_EQ(at_once.verdicts, held.verdicts);
    ASSERT_EQ(at_once.tags, held.tags);
  }
}

}  // namespace
}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// Random sessions under random alterations, in every agreement on compression: a strict peer with no larger a
// window than agreed reads exactly what it should (DEF-1, DEF-3, DEF-4, DEF-6).
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/pipeline/scripted_step.h"

namespace wstap::test {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::StepKind;

struct Agreement {
  ws::Direction direction;
  bool takeover;
  int window_bits;
};
void PrintTo(const Agreement& agreement, std::ostream* out) {
  *out << (agreement.direction == kSend ? "send" : "receive")
       << (agreement.takeover ? " takeover " : " alone ") << agreement.window_bits;
}

std::string extension_for(const Agreement& agreement) {
  const std::string who = agreement.direction == kSend ? "client" : "server";
  std::string text =
      "permessage-deflate; " + who + "_max_window_bits=" + std::to_string(agreement.window_bits);
  if (!agreement.takeover) text += "; " + who + "_no_context_takeover";
  return text;
}

/// Numbers of few digits: there is much to refer back to.
Buffer random_content(std::mt19937& engine) {
  Buffer content;
  const std::size_t size = engine() % 8 == 0 ? 0 : engine() % 3000;
  while (content.size() < size) append(content, std::to_string(engine() % 300) + ",");
  return content;
}

/// What is to become of a message: told by its content, so that step and expectation agree.
enum class Fate : std::uint8_t { passes, changes, goes, has_company };
Fate fate_of(Bytes content) {
  if (content.size() < 20) return Fate::passes;
  switch (content.size() % 7) {
    case 1: return Fate::changes;
    case 2: return Fate::goes;
    case 3: return Fate::has_company;
    default: return Fate::passes;
  }
}
Buffer changed(Bytes content) {
  return concat({as_bytes("<"), content, content, as_bytes(">")});
}

class CompressedSession : public FlowTest, public testing::WithParamInterface<Agreement> {
 protected:
  Decision edit(const Envelope& envelope, Bytes payload) {
    if (envelope.placement.part == ws::Part::none || !ws::ends_message(envelope.placement.part)) return {};
    if (!envelope.placement.compressed && envelope.placement.part != ws::Part::whole) return {};
    switch (fate_of(payload)) {
      case Fate::changes: return replaced(envelope, changed(payload), "rule");
      case Fate::goes: return dropped("rule");
      case Fate::has_company: {
        Decision decision;
        decision.before.push_back({{.fin = true, .opcode = 1}, bytes("before"), "rule"});
        decision.after.push_back({{.fin = true, .opcode = 2}, bytes("behind"), "rule"});
        return decision;
      }
      case Fate::passes: break;
    }
    return {};
  }
  void expect(std::uint8_t opcode, Bytes content, bool judged) {
    const Fate fate = judged ? fate_of(content) : Fate::passes;
    if (fate == Fate::goes) return;
    if (fate == Fate::has_company) expected.push_back({1, bytes("before")});
    expected.push_back({opcode, fate == Fate::changes ? changed(content) : to_buffer(content)});
    if (fate == Fate::has_company) expected.push_back({2, bytes("behind")});
  }
  std::vector<PlainMessage> expected;
};

TEST_P(CompressedSession, ArrivesAsItShould) {
  const Agreement& agreement = GetParam();
  extensions = extension_for(agreement);
  steps = {scripted(StepKind::transform,
                    [this](const Envelope& envelope, Bytes payload) { return edit(envelope, payload); })};
  // zlib writes no 8-bit window, but one of 9 bits that keeps within it.
  DeflatingPeer sender({.takeover = agreement.takeover, .window_bits = std::max(9, agreement.window_bits)});
  ReceivingPeer receiver(agreement.takeover, agreement.window_bits);
  std::mt19937 engine(static_cast<unsigned>(agreement.window_bits) * 2 + (agreement.takeover ? 1 : 0));
  Buffer pending;
  const auto arrives = [&](const WireFrame& frame) {
    append(pending, proper(agreement.direction, frame));
    if (engine() % 3 == 0) return;  // together with what follows
    receiver.take(parse_frames(feed(agreement.direction, std::exchange(pending, {})).out));
  };
  for (int i = 0; i < 300; ++i) {
    const Buffer content = random_content(engine);
    const std::uint8_t opcode = engine() % 2 == 0 ? 1 : 2;
    const bool compressed = engine() % 4 != 0;
    const std::size_t frames = engine() % 3 == 0 ? 1 + engine() % 5 : 1;
    expect(opcode, content, compressed || frames == 1);
    const Buffer payload = compressed ? sender.message(content) : content;
    for (const auto& frame : frames_of(opcode, compressed, in_pieces(payload, frames))) {
      arrives(frame);
      if (engine() % 5 == 0) arrives({.opcode = 9, .payload = bytes("ping")});
    }
  }
  receiver.take(parse_frames(feed(agreement.direction, pending).out));
  EXPECT_FALSE(receiver.in_message());
  EXPECT_EQ(receiver.messages, expected);
  EXPECT_FALSE(flow().release_due(agreement.direction));
  EXPECT_FALSE(flow().failed());
}

std::vector<Agreement> agreements() {
  std::vector<Agreement> all;
  for (const auto direction : {kSend, kReceive})
    for (const bool takeover : {true, false})
      for (int bits = 8; bits <= 15; ++bits) all.push_back({direction, takeover, bits});
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, CompressedSession, testing::ValuesIn(agreements()), [](const auto& each) {
  return std::string(each.param.direction == kSend ? "Send" : "Receive") +
         (each.param.takeover ? "Takeover" : "Alone") + std::to_string(each.param.window_bits);
});

}  // namespace
}  // namespace wstap::test

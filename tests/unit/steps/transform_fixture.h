// SPDX-License-Identifier: Apache-2.0
// A flow with transforms, and a peer that reads what they let through.
#pragma once

#include "libcore/pipeline/frame_subject.h"
#include "libcore/steps/transform.h"
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"
#include "tests/unit/steps/replacing.h"

namespace wstap::test {

class Transforms : public FlowTest {
 protected:
  steps::TransformRule rule(std::string id, std::string_view expression = {}) {
    steps::TransformRule made{.id = std::move(id)};
    if (!expression.empty()) made.filter = *filter::Filter::compile(expression, pipeline::vocabulary());
    return made;
  }
  void use(std::vector<steps::TransformRule> rules) {
    steps = {std::make_shared<steps::Transform>(std::move(rules))};
  }
  static steps::JsonSetting setting(std::string_view pointer, std::string value) {
    return {*filter::parse_json_pointer(pointer), steps::Template::literal(std::move(value))};
  }
  void say(std::vector<std::string> pieces, std::uint8_t opcode = 1) {
    std::vector<Buffer> payloads;
    for (const auto& piece : pieces) payloads.push_back(bytes(piece));
    for (const auto& frame : frames_of(opcode, false, payloads)) arrives(frame);
  }
  void arrives(const WireFrame& frame) { receiver.take(parse_frames(feed(kSend, proper(kSend, frame)).out)); }
  /// A message begins under a rule that only looks at it, and ends under rules that change messages.
  void begin_before_a_change(bool compressed) {
    extensions = "permessage-deflate";
    auto sees = rule("sees", "text contains \"1\"");
    sees.tags = {"seen"};
    auto swap = rule("swap", "text");
    swap.replacements = replacing("#", "@");
    auto opens = rule("opens", "text contains \"1\"");
    opens.opcode = ws::kBinary;
    use({sees});
    DeflatingPeer sender;
    const auto pieces = in_pieces(compressed ? sender.message(bytes("12#34#")) : bytes("12#34#"), 2);
    arrives({.opcode = 1,
             .payload = pieces[0],
             .fin = false,
             .rsv = static_cast<std::uint8_t>(compressed ? 4 : 0)});
    use({swap, opens});
    flow().replan(pipeline::Pipeline(steps));
    arrives({.opcode = 0, .payload = pieces[1]});
    say({"5#"});
  }
  std::vector<std::string> received() const {
    std::vector<std::string> all;
    for (const auto& message : receiver.messages) all.push_back(text(message.content));
    return all;
  }
  ReceivingPeer receiver;
};

}  // namespace wstap::test

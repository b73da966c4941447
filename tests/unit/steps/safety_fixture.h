// SPDX-License-Identifier: Apache-2.0
// A flow under input rules, and the peer that what they let pass arrives at.
#pragma once

#include "libcore/steps/safety.h"
#include "tests/support/message_peers.h"
#include "tests/unit/pipeline/flow_fixture.h"

namespace wstap::test {

class SafetyInputs : public FlowTest {
 protected:
  static steps::InputRule rule(std::string id, std::string pattern, bool blocks = true) {
    return {.spec = {.id = std::move(id), .patterns = {{std::move(pattern)}}, .replacement = {}},
            .blocks = blocks};
  }
  void use(std::vector<steps::InputRule> rules) {
    input.rules = std::move(rules);
    auto step = steps::Safety::make(input);
    ASSERT_TRUE(step) << step.error().text();
    steps.push_back(*step);
  }
  void say(std::vector<std::string> pieces, std::uint8_t opcode = 1) {
    std::vector<Buffer> payloads;
    for (const auto& piece : pieces) payloads.push_back(bytes(piece));
    for (const auto& frame : frames_of(opcode, false, payloads)) arrives(frame);
  }
  Took arrives(const WireFrame& frame) {
    auto took = feed(kSend, proper(kSend, frame));
    receiver.take(parse_frames(took.out));
    return took;
  }
  std::vector<std::string> received() const {
    std::vector<std::string> all;
    for (const auto& message : receiver.messages) all.push_back(text(message.content));
    return all;
  }
  steps::SafetyInput input;
  ReceivingPeer receiver;
};

}  // namespace wstap::test

// SPDX-License-Identifier: Apache-2.0
// The safety filter's input rules: what must not pass (SAFE-1 to SAFE-3, SAFE-6).
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "libcore/pipeline/step.h"
#include "libcore/steps/rule_list.h"

namespace wstap::steps {

struct InputRule {
  RuleSpec spec;
  bool blocks = true;                              ///< else what it finds is only marked (SAFE-3)
  std::array<bool, 2> directions = {true, false};  ///< by ws::index
  bool texts = true, binaries = false, controls = false;
};

struct SafetyInput {
  std::vector<InputRule> rules;
  bool blocks_unreadable = true;  ///< what no rule can look into (SAFE-2)
  bool closes = false;            ///< a block ends the flow with Close 1008

  bool blocks_what_is_unread() const noexcept {
    return blocks_unreadable && std::ranges::any_of(rules, &InputRule::blocks);
  }
};

/// The step Safety. Messages are judged whole.
class Safety final : public pipeline::Step {
 public:
  /// @error as RuleList::compile
  static Result<std::shared_ptr<Safety>> make(SafetyInput input);
  pipeline::StepKind kind() const noexcept override { return pipeline::StepKind::safety; }
  std::unique_ptr<pipeline::FlowStep> begin(const pipeline::FlowNames& flow) const override;

  struct Compiled;

 private:
  explicit Safety(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;  ///< flows keep it when it is replaced
};

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
// What a rules file says, wstap-rules(5).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/pipeline/step.h"
#include "libcore/steps/intercept.h"
#include "libcore/steps/output_rules.h"
#include "libcore/steps/safety.h"
#include "libcore/steps/transform.h"

namespace wstap::rules {

struct RuleSet {
  pipeline::Scope scope;
  std::vector<pipeline::Limit> limits;
  std::optional<filter::Filter> recorded;  ///< which flows are; none: all
  steps::SafetyInput safety;
  std::shared_ptr<pipeline::Step> safety_step;  ///< made of that; null: there are no safety rules
  std::vector<steps::OutputRule> redactions;
  std::shared_ptr<const steps::OutputRules> output;  ///< made of those; null: there are none
  std::vector<steps::HoldRule> holds;
  pipeline::HoldSettings hold_queue;
  std::vector<steps::TransformRule> transforms;
  std::vector<steps::Macro> macros;

  /// The steps that its rules make.
  pipeline::Pipeline pipeline() const;
};

/// What is wrong with a rules file, and where; lines and columns from 1.
struct Fault {
  std::size_t line = 0, column = 0;
  std::string text;  ///< may have lines of its own behind the first, which show an expression
};

/// Reads a rules file whole, or not at all.
/// @return all that is wrong with it, in the order of the file.
std::expected<RuleSet, std::vector<Fault>> parse(std::string_view toml);

}  // namespace wstap::rules

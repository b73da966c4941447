// SPDX-License-Identifier: Apache-2.0
// Rules that say which frames wait until somebody decides about them (HOLD-1).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libcore/filter/filter.h"
#include "libcore/pipeline/step.h"

namespace wstap::steps {

struct HoldRule {
  std::string id;
  std::optional<filter::Filter> filter;  ///< none: everything
  bool pauses_flow = false;              ///< meanwhile the other direction waits as well
};

/// Why no rule that holds can have the filter; empty: it can.
std::string_view unfit_for_holding(const filter::Filter& filter) noexcept;

/// The step Intercept of a rule set.
class Intercept final : public pipeline::Step {
 public:
  explicit Intercept(std::vector<HoldRule> rules)
      : rules_(std::make_shared<const std::vector<HoldRule>>(std::move(rules))) {}
  pipeline::StepKind kind() const noexcept override { return pipeline::StepKind::intercept; }
  std::unique_ptr<pipeline::FlowStep> begin(const pipeline::FlowNames& flow) const override;

 private:
  std::shared_ptr<const std::vector<HoldRule>> rules_;  ///< flows keep it when it is replaced
};

}  // namespace wstap::steps

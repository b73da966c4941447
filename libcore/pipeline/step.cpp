// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/step.h"

#include <algorithm>
#include <iterator>

namespace wstap::pipeline {

std::string_view name(StepKind kind) noexcept {
  constexpr std::array<std::string_view, kSteps> kNames = {
      "HostScope", "HttpScope", "Safety", "PluginPre", "Intercept", "Transform", "PluginPost", "Record"};
  return kNames[static_cast<std::size_t>(kind)];
}

Pipeline::Pipeline(std::vector<std::shared_ptr<Step>> steps) {
  for (std::size_t kind = 0; kind < kSteps; ++kind)
    std::ranges::copy_if(steps, std::back_inserter(steps_),
                         [kind](const auto& step) { return step->kind() == static_cast<StepKind>(kind); });
}

Plan Pipeline::plan(const FlowOpened& flow) const {
  Plan plan;
  for (const auto& step : steps_) {
    if (!step->matters(flow)) continue;
    plan.steps.push_back(step);
    plan.reads_payload |= step->reads_payload(flow);
    plan.may_alter |= step->may_alter(flow);
  }
  return plan;
}

}  // namespace wstap::pipeline

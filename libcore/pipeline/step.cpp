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

Decision Plan::judge(Envelope& envelope, Bytes payload) const {
  Decision all;
  all.header = envelope.frame.header;
  const auto move_to_back = [](auto& to, auto& from) { std::ranges::move(from, std::back_inserter(to)); };
  for (const auto& step : steps) {
    Decision decision = step->judge(envelope, payload);
    move_to_back(all.before, decision.before);
    move_to_back(all.after, decision.after);
    move_to_back(all.tags, decision.tags);
    if (decision.kind == Decision::Kind::go_on) continue;
    all.kind = decision.kind;
    all.verdict = decision.verdict;
    all.cause = std::move(decision.cause);
    if (decision.kind == Decision::Kind::drop) break;
    all.payload = std::move(decision.payload);
    payload = all.payload;
    all.header.payload_len = payload.size();
    all.header.fin = decision.header.fin;
    all.header.rsv = decision.header.rsv;
    all.header.opcode = decision.header.opcode;
    envelope.frame.header = all.header;
  }
  return all;
}

Pipeline::Pipeline(std::vector<std::shared_ptr<Step>> steps) {
  for (std::size_t kind = 0; kind < kSteps; ++kind)
    std::ranges::copy_if(steps, std::back_inserter(steps_),
                         [kind](const auto& step) { return step->kind() == static_cast<StepKind>(kind); });
}

Plan Pipeline::plan(const FlowNames& flow) const {
  Plan plan;
  for (const auto& step : steps_) {
    auto begun = step->begin(flow);
    if (!begun) continue;
    const Needs needs = begun->needs();
    plan.needs.payloads |= needs.payloads;
    plan.needs.alters |= needs.alters;
    for (std::size_t i = 0; i < 2; ++i) plan.needs.whole_messages[i] |= needs.whole_messages[i];
    plan.steps.push_back(std::move(begun));
  }
  return plan;
}

}  // namespace wstap::pipeline

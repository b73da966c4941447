// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/step.h"

#include <algorithm>
#include <iterator>

#include "libcore/pipeline/refusal.h"

namespace wstap::pipeline {

std::string_view name(StepKind kind) noexcept {
  constexpr std::array<std::string_view, kSteps> kNames = {
      "HostScope", "HttpScope", "Safety", "PluginPre", "Intercept", "Transform", "PluginPost", "Record"};
  return kNames[static_cast<std::size_t>(kind)];
}

namespace {

template <class T>
void move_to_back(std::vector<T>& to, std::vector<T>& from) {
  std::ranges::move(from, std::back_inserter(to));
}

}  // namespace

Decision Plan::judge_arriving(Envelope& envelope, Bytes payload) const {
  Decision all;
  all.header = envelope.frame.header;
  ask(0, leaving, envelope, payload, all);
  return all;
}

void Plan::judge_leaving(Envelope& envelope, Bytes payload, Decision& all, std::uint32_t judged_by) const {
  if (all.exact) return;
  if (all.kind == Decision::Kind::replace) {
    envelope.frame.header = all.header;
    // A reviewer may have made it another kind of message.
    if (envelope.placement.in_message()) envelope.placement.message_opcode = all.opcode_of_message(envelope);
    payload = all.payload;
  }
  if (all.kind != Decision::Kind::drop) ask(leaving, steps.size(), envelope, payload, all);
  const bool replaced = all.kind == Decision::Kind::replace;
  if (replaced || (all.kind == Decision::Kind::go_on && judged_by != number))
    check_again(envelope, replaced ? Bytes(all.payload) : payload, all);
  check_frames(envelope, all.before, all);
  check_frames(envelope, all.after, all);
}

void Plan::ask(std::size_t from, std::size_t to, Envelope& envelope, Bytes payload, Decision& all) const {
  for (std::size_t i = from; i < to; ++i) {
    Decision decision = steps[i]->judge(envelope, payload);
    move_to_back(all.before, decision.before);
    move_to_back(all.after, decision.after);
    std::ranges::copy(decision.tags, std::back_inserter(envelope.tags));
    move_to_back(all.tags, decision.tags);
    move_to_back(all.logged, decision.logged);
    move_to_back(all.refused, decision.refused);
    move_to_back(all.held_by, decision.held_by);
    all.pauses_flow |= decision.pauses_flow;
    all.delay_ns = std::max(all.delay_ns, decision.delay_ns);
    if (decision.kind == Decision::Kind::go_on) {
      if (all.kind == Decision::Kind::go_on && !decision.cause.empty()) all.cause = std::move(decision.cause);
      continue;
    }
    if (decision.kind == Decision::Kind::drop) return become_drop(all, decision);
    all.kind = decision.kind;
    all.verdict = decision.verdict;
    all.cause = std::move(decision.cause);
    all.payload = std::move(decision.payload);
    payload = all.payload;
    all.header.payload_len = payload.size();
    all.header.fin = decision.header.fin;
    all.header.rsv = decision.header.rsv;
    all.header.opcode = decision.header.opcode;
    envelope.frame.header = all.header;
  }
}

/// What became of the frame behind a checking step, or came before the step was there.
void Plan::check_again(Envelope& envelope, Bytes payload, Decision& all) const {
  if (envelope.of_message() && all.kind == Decision::Kind::replace)
    envelope.placement.message_opcode = all.opcode_of_message(envelope);
  Decision checked = check(envelope, payload);
  add_each_once(all.logged, checked.logged);
  if (checked.kind == Decision::Kind::drop) become_drop(all, checked);
}

Decision Plan::check(const Envelope& envelope, Bytes payload) const {
  Decision all;
  for (const auto& step : steps) {
    if (!step->checks_again()) continue;
    Decision decision = step->judge(envelope, payload);
    add_each_once(all.logged, decision.logged);
    if (decision.kind != Decision::Kind::drop) continue;
    become_drop(all, decision);
    break;
  }
  return all;
}

std::string Plan::against(const NewFrame& frame, const Envelope& beside) const {
  Envelope envelope{.flow = beside.flow, .time_ns = beside.time_ns, .direction = beside.direction};
  envelope.frame.header = frame.header;
  envelope.frame.header.payload_len = frame.payload.size();
  if (!ws::is_control(frame.header.opcode)) {
    envelope.placement = {.part = ws::Part::whole, .message_opcode = frame.header.opcode};
    envelope.says = Says::message;
  }
  Decision decision = check(envelope, frame.payload);
  return decision.kind == Decision::Kind::drop ? std::move(decision.cause) : std::string();
}

/// What steps put beside the frame.
void Plan::check_frames(const Envelope& beside, std::vector<NewFrame>& frames, Decision& all) const {
  std::erase_if(frames, [&](NewFrame& frame) {
    auto refused = refuse_beside(*this, frame, beside);
    if (!refused) return false;
    all.refused.push_back(std::move(*refused));
    return true;
  });
}

Pipeline::Pipeline(std::vector<std::shared_ptr<Step>> steps, Scope scope,
                   std::optional<filter::Filter> recorded, std::vector<Limit> limits)
    : scope_(std::move(scope)), recorded_(std::move(recorded)), limits_(std::move(limits)) {
  for (std::size_t kind = 0; kind < kSteps; ++kind)
    std::ranges::copy_if(steps, std::back_inserter(steps_),
                         [kind](const auto& step) { return step->kind() == static_cast<StepKind>(kind); });
}

bool Pipeline::records(const FlowNames& flow) const {
  return !recorded_ || recorded_->matches(filter::Subject{.flow = flow.subject()});
}

Plan Pipeline::plan(const FlowNames& flow) const {
  Plan plan;
  plan.needs.passes_messages = {true, true};
  for (const auto& step : steps_) {
    auto begun = step->begin(flow);
    if (!begun) continue;
    const Needs needs = begun->needs();
    plan.needs.payloads |= needs.payloads;
    plan.needs.alters |= needs.alters;
    plan.needs.holds |= needs.holds;
    for (std::size_t i = 0; i < 2; ++i) {
      plan.needs.whole_messages[i] |= needs.whole_messages[i];
      plan.needs.passes_messages[i] &= needs.passes_messages[i];
    }
    plan.steps.push_back(std::move(begun));
    if (step->kind() <= StepKind::intercept) plan.leaving = plan.steps.size();
  }
  return plan;
}

}  // namespace wstap::pipeline

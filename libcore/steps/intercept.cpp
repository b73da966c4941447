// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/intercept.h"

#include <algorithm>

#include "libcore/pipeline/frame_subject.h"

namespace wstap::steps {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::FlowNames;

class FlowIntercept final : public pipeline::FlowStep {
 public:
  FlowIntercept(std::shared_ptr<const std::vector<HoldRule>> rules, const FlowNames& flow)
      : rules_(std::move(rules)), flow_(flow) {
    for (const bool receive : {false, true})
      for (const auto& rule : *rules_)
        if (!rule.filter || rule.filter->may_match(flow_.subject(), receive))
          active_[receive].push_back({&rule});
  }

  bool idle() const noexcept { return active_[0].empty() && active_[1].empty(); }

  pipeline::Needs needs() const override {
    // Whoever decides wants to see what it says, and may change it.
    pipeline::Needs needs{.payloads = true, .alters = true, .holds = true};
    for (std::size_t i = 0; i < 2; ++i) {
      needs.passes_messages[i] = passes_messages(i != 0);
      needs.whole_messages[i] = std::ranges::any_of(active_[i], acts_on_messages);
    }
    return needs;
  }

  Decision judge(const Envelope& envelope, Bytes payload) override {
    Decision decision;
    const auto flow = flow_.subject();
    const bool fragment = envelope.placement.in_message() && !envelope.of_message();
    for (Active& active : active_[ws::index(envelope.direction)]) {
      const bool of_message = acts_on_messages(active);
      if (of_message && fragment) continue;
      const auto& filter = active.rule->filter;
      if (filter && !filter->matches(of_message ? pipeline::message_subject_of(envelope, payload, flow)
                                                : pipeline::subject_of(envelope, payload, flow)))
        continue;
      ++active.picked;
      decision.held_by.push_back(active.rule->id);
      decision.pauses_flow |= active.rule->pauses_flow;
    }
    return decision;
  }

  void add_picked(std::map<std::string, std::uint64_t>& picked) const override {
    for (const auto& of_direction : active_)
      for (const auto& active : of_direction) picked["hold:" + active.rule->id] += active.picked;
  }

 private:
  /// A rule that may match in a direction of a flow.
  struct Active {
    const HoldRule* rule = nullptr;
    std::uint64_t picked = 0;  ///< so many frames and messages
  };

  /// It looks at what messages say: fragments are judged with theirs (FIL-2).
  static bool acts_on_messages(const Active& active) noexcept {
    return active.rule->filter && active.rule->filter->reads_payload();
  }

  bool passes_messages(bool receive) const {
    return std::ranges::none_of(active_[receive], [&](const Active& active) {
      const auto& filter = active.rule->filter;
      return !filter || filter->may_match(flow_.subject(), receive, ws::kText) ||
             filter->may_match(flow_.subject(), receive, ws::kBinary);
    });
  }

  std::shared_ptr<const std::vector<HoldRule>> rules_;
  FlowNames flow_;
  std::array<std::vector<Active>, 2> active_;  ///< by ws::index
};

}  // namespace

std::string_view unfit_for_holding(const filter::Filter& filter) noexcept {
  return filter.reads(filter::Field::tag)
             ? "tags are set by transforms, which see frames when they are not held any more"
             : std::string_view();
}

std::unique_ptr<pipeline::FlowStep> Intercept::begin(const FlowNames& flow) const {
  auto step = std::make_unique<FlowIntercept>(rules_, flow);
  return step->idle() ? nullptr : std::move(step);
}

}  // namespace wstap::steps

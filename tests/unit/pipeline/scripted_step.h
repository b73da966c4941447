// SPDX-License-Identifier: Apache-2.0
// A pipeline step that does what a test says, and remembers what it saw.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "libcore/pipeline/step.h"

namespace wstap::test {

class ScriptedStep final : public pipeline::Step {
 public:
  using Judge = std::function<pipeline::Decision(const pipeline::Envelope&, Bytes payload)>;
  struct Seen {
    pipeline::Envelope envelope;  ///< its frame's views are not valid any more
    Buffer raw, payload;
  };

  explicit ScriptedStep(pipeline::StepKind kind, Judge judge = {}) : kind_(kind), judge_(std::move(judge)) {}

  bool is_wanted = true;
  bool wants_payload = true;
  bool alters = true;
  std::array<bool, 2> whole_messages{}, passes_messages{};
  std::vector<Seen> seen;

  void judge_with(Judge judge) { judge_ = std::move(judge); }
  pipeline::StepKind kind() const noexcept override { return kind_; }
  std::unique_ptr<pipeline::FlowStep> begin(const pipeline::FlowNames&) const override {
    return is_wanted ? std::make_unique<OfFlow>(const_cast<ScriptedStep&>(*this)) : nullptr;
  }

 private:
  /// For any flow: what the script says.
  class OfFlow final : public pipeline::FlowStep {
   public:
    explicit OfFlow(ScriptedStep& script) : script_(script) {}
    pipeline::Needs needs() const override {
      return {script_.wants_payload, script_.alters, script_.whole_messages, script_.passes_messages};
    }
    pipeline::Decision judge(const pipeline::Envelope& envelope, Bytes payload) override {
      script_.seen.push_back({envelope, to_buffer(envelope.frame.raw), to_buffer(payload)});
      return script_.judge_ ? script_.judge_(envelope, payload) : pipeline::Decision{};
    }

   private:
    ScriptedStep& script_;
  };

  pipeline::StepKind kind_;
  Judge judge_;
};

inline std::shared_ptr<ScriptedStep> scripted(pipeline::StepKind kind, ScriptedStep::Judge judge = {}) {
  return std::make_shared<ScriptedStep>(kind, std::move(judge));
}

/// Drops every frame it sees.
inline pipeline::Decision dropped(std::string cause, pipeline::Verdict verdict = pipeline::Verdict::dropped) {
  return {.kind = pipeline::Decision::Kind::drop, .verdict = verdict, .cause = std::move(cause)};
}

/// Puts `payload` in the place of the frame's, and leaves its header as it is.
inline pipeline::Decision replaced(const pipeline::Envelope& envelope, Buffer payload, std::string cause) {
  return {.kind = pipeline::Decision::Kind::replace,
          .verdict = pipeline::Verdict::changed,
          .cause = std::move(cause),
          .header = envelope.frame.header,
          .payload = std::move(payload)};
}

}  // namespace wstap::test

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
  std::vector<Seen> seen;

  void judge_with(Judge judge) { judge_ = std::move(judge); }
  pipeline::StepKind kind() const noexcept override { return kind_; }
  bool matters(const pipeline::FlowOpened&) const override { return is_wanted; }
  bool reads_payload(const pipeline::FlowOpened&) const override { return wants_payload; }
  bool may_alter(const pipeline::FlowOpened&) const override { return alters; }
  pipeline::Decision judge(const pipeline::Envelope& envelope, Bytes payload) override {
    seen.push_back({envelope, to_buffer(envelope.frame.raw), to_buffer(payload)});
    return judge_ ? judge_(envelope, payload) : pipeline::Decision{};
  }

 private:
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

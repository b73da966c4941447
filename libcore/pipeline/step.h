// SPDX-License-Identifier: Apache-2.0
// The pipeline's steps, and the plan that says which of them a flow needs (PIPE-1, PIPE-2).
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "libcore/pipeline/envelope.h"

namespace wstap::pipeline {

/// In the order in which they see a frame.
enum class StepKind : std::uint8_t {
  host_scope,
  http_scope,
  safety,
  plugin_pre,
  intercept,
  transform,
  plugin_post,
  record,
};
constexpr std::size_t kSteps = 8;
std::string_view name(StepKind kind) noexcept;

/// What a step made of a frame.
struct Decision {
  enum class Kind : std::uint8_t { go_on, replace, drop };
  Kind kind = Kind::go_on;
  Verdict verdict = Verdict::forwarded;  ///< `changed`, `dropped`, `blocked`, ...; not read for go_on
  std::string cause;
  ws::FrameHeader header;  ///< of the replacement: fin, rsv and opcode count
  Buffer payload;          ///< of the replacement, unmasked
};

/// One of the eight. Pure: no clock, socket or file. One instance serves all flows of a rule set; state of a
/// flow is kept in what plan() returned for it.
class Step {
 public:
  virtual ~Step() = default;
  virtual StepKind kind() const noexcept = 0;
  /// This step has something to do for frames of `flow`.
  virtual bool matters(const FlowOpened& flow) const = 0;
  /// ... and for that it reads payloads.
  virtual bool reads_payload(const FlowOpened& flow) const = 0;
  /// @param payload  unmasked; empty unless some step of the plan reads payloads.
  virtual Decision judge(const Envelope& envelope, Bytes payload) = 0;
};

/// The steps that matter for one flow, in order. Record is not in it: it always runs, after all of them.
struct Plan {
  std::vector<std::shared_ptr<Step>> steps;
  bool reads_payload = false;

  bool empty() const noexcept { return steps.empty(); }
};

/// All steps of a configuration, in any order; an immutable snapshot shared by the workers.
class Pipeline {
 public:
  Pipeline() = default;
  explicit Pipeline(std::vector<std::shared_ptr<Step>> steps);
  Plan plan(const FlowOpened& flow) const;

 private:
  std::vector<std::shared_ptr<Step>> steps_;
};

}  // namespace wstap::pipeline

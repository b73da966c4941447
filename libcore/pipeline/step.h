// SPDX-License-Identifier: Apache-2.0
// The pipeline's steps, and the plan that says which of them a flow needs (PIPE-1, PIPE-2).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/filter/filter.h"
#include "libcore/pipeline/envelope.h"
#include "libcore/pipeline/flow_names.h"
#include "libcore/pipeline/hold_settings.h"
#include "libcore/pipeline/limiter.h"
#include "libcore/pipeline/scope.h"

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

/// A frame that a step puts among those that came. Its data leaves when no message is open towards the peer,
/// uncompressed; a control frame leaves at once.
struct NewFrame {
  ws::FrameHeader header;  ///< fin and opcode count
  Buffer payload;          ///< unmasked
  std::string cause;
  Verdict verdict = Verdict::injected;
};

/// Frames like it were to leave and did not.
struct NotInjected {
  NotInjected(const NewFrame& frame, std::string_view reason, std::uint64_t number = 1)
      : NotInjected(frame.header.opcode, frame.payload.size(), frame.cause, reason, number) {}
  NotInjected(std::uint8_t code, std::uint64_t length, std::string made_by, std::string_view reason,
              std::uint64_t number = 1)
      : count(number), opcode(code), payload_len(length), cause(std::move(made_by)), why(reason) {}
  bool is_like(const NotInjected& other) const noexcept {
    return opcode == other.opcode && payload_len == other.payload_len && cause == other.cause &&
           why == other.why;
  }
  std::uint64_t count;
  std::uint8_t opcode;
  std::uint64_t payload_len;
  std::string cause;
  std::string_view why;  ///< a literal
};

/// What a step made of a frame.
struct Decision {
  enum class Kind : std::uint8_t { go_on, replace, drop };
  Kind kind = Kind::go_on;
  Verdict verdict = Verdict::forwarded;  ///< `changed`, `dropped`, `blocked`, ...; not read for go_on
  std::string cause;                     ///< of go_on: why the frame was not changed; empty: nothing to say
  /// Of the replacement: fin, rsv and opcode count; of a compressed message, whose last frame's replacement
  /// is the whole message, only the opcode.
  ws::FrameHeader header;
  Buffer payload;  ///< of the replacement, unmasked; of a compressed message inflated
  std::vector<NewFrame> before, after;
  std::vector<std::string> tags;     ///< whatever the kind
  std::vector<std::string> logged;   ///< ids of rules that matched and only say so (SAFE-3)
  bool ends_flow = false;            ///< of a drop: with Close 1008
  std::vector<std::string> held_by;  ///< ids of rules by which it waits for somebody's decision (HOLD-1)
  bool pauses_flow = false;          ///< ... and the other direction with it
  std::optional<Buffer> exact;       ///< of a replacement: these bytes leave instead, whatever they are
  std::int64_t delay_ns = 0;         ///< so long it waits, and what comes behind it; not of a drop
  /// The opcode of a message whose frame in `envelope` was replaced: the new one, where it has one.
  std::uint8_t opcode_of_message(const Envelope& envelope) const noexcept {
    return ws::is_message_start(header.opcode) ? header.opcode : envelope.placement.message_opcode;
  }
  /// What was to leave beside it and may not: a checking step was against it (SAFE-6), or it is no frame of
  /// RFC 6455, or too much.
  std::vector<NotInjected> refused;
};

/// What a step wants of the frames of one flow.
struct Needs {
  bool payloads = false;  ///< it reads them
  bool alters =
      false;  ///< it may replace or drop them: compressed messages are then kept until they are whole (DEF-6)
  /// By ws::index: messages are judged whole. Their fragments wait, compressed or not, and the last is judged
  /// with all that the message says.
  std::array<bool, 2> whole_messages{};
  /// By ws::index: it does nothing to a text or binary message in one frame, whatever that says.
  std::array<bool, 2> passes_messages{};
  bool holds = false;  ///< it may want somebody to decide: frames then wait, and others behind them

  /// A message is judged as one, by its last frame. Compressed and untouched, it is so without this.
  bool judges_whole(ws::Direction direction, bool compressed) const noexcept {
    return whole_messages[ws::index(direction)] && (!compressed || alters);
  }
  /// Nothing of a message leaves before it is whole.
  bool keeps(ws::Direction direction, bool compressed) const noexcept {
    return alters && (compressed || whole_messages[ws::index(direction)]);
  }
};

/// What a step does for one flow; it keeps what it must know of it. Pure: no clock, socket or file.
class FlowStep {
 public:
  virtual ~FlowStep() = default;
  virtual Needs needs() const = 0;
  /// @param payload  unmasked, and as DEF-2 has it; of a message that is judged whole, on its last frame all
  /// of it. Empty unless some step of the plan reads payloads, and where compression makes it opaque.
  virtual Decision judge(const Envelope& envelope, Bytes payload) = 0;
  /// What steps behind it changed or made is judged by it as if it had come (SAFE-6).
  virtual bool checks_again() const noexcept { return false; }
  /// Adds how often each of its rules picked a frame or a message, by what it is called in causes.
  virtual void add_picked(std::map<std::string, std::uint64_t>&) const {}
};

/// One of the eight. One instance serves all flows of a rule set.
class Step {
 public:
  virtual ~Step() = default;
  virtual StepKind kind() const noexcept = 0;
  /// @return null: it has nothing to do for this flow.
  virtual std::unique_ptr<FlowStep> begin(const FlowNames& flow) const = 0;
};

/// The steps that matter for one flow, in order. Record is not in it: it always runs, after all of them.
struct Plan {
  std::vector<std::unique_ptr<FlowStep>> steps;
  std::size_t leaving = 0;   ///< index of the first behind Intercept
  std::uint32_t number = 0;  ///< of the plans of a flow, one after the other
  Needs needs;               ///< of all of them

  bool empty() const noexcept { return steps.empty(); }
  /// What all steps together make of a frame: each sees what the one before it put there, a drop ends it.
  /// @param envelope  its frame's header becomes the replacement's. @param payload  as for FlowStep::judge.
  Decision judge(Envelope& envelope, Bytes payload) const {
    Decision decision = judge_arriving(envelope, payload);
    judge_leaving(envelope, payload, decision, number);
    return decision;
  }
  // The same in two parts, between which it may wait.
  /// What the steps up to Intercept make of it.
  Decision judge_arriving(Envelope& envelope, Bytes payload) const;
  /// ... and those behind. @param payload  as it came. @param decision  what the others made of it, or
  /// somebody who decided about it. @param judged_by  the number of the others' plan.
  void judge_leaving(Envelope& envelope, Bytes payload, Decision& decision, std::uint32_t judged_by) const;

  // SAFE-6, of what was made here.
  /// What the checking steps make of it.
  Decision check(const Envelope& envelope, Bytes payload) const;
  /// @return why the frame may not leave beside another; empty: it may.
  std::string against(const NewFrame& frame, const Envelope& beside) const;

 private:
  void ask(std::size_t from, std::size_t to, Envelope& envelope, Bytes payload, Decision& all) const;
  void check_again(Envelope& envelope, Bytes payload, Decision& all) const;
  void check_frames(const Envelope& beside, std::vector<NewFrame>& frames, Decision& all) const;
};

/// All steps of a configuration, in any order; an immutable snapshot shared by the workers.
class Pipeline {
 public:
  Pipeline() = default;
  /// @param recorded  picks the flows that are recorded, by what all frames of a flow have in common; none:
  /// all.
  explicit Pipeline(std::vector<std::shared_ptr<Step>> steps, Scope scope = {},
                    std::optional<filter::Filter> recorded = std::nullopt, std::vector<Limit> limits = {});
  Plan plan(const FlowNames& flow) const;
  const Scope& scope() const noexcept { return scope_; }
  const std::vector<Limit>& limits() const noexcept { return limits_; }
  bool records(const FlowNames& flow) const;
  /// How frames are held where its steps want them to be.
  const HoldSettings& holds() const noexcept { return holds_; }
  Pipeline&& with(HoldSettings holds) && {
    holds_ = holds;
    return std::move(*this);
  }

 private:
  HoldSettings holds_;
  Scope scope_;
  std::optional<filter::Filter> recorded_;
  std::vector<Limit> limits_;
  std::vector<std::shared_ptr<Step>> steps_;
};

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
// What rules would have made of a flow that was recorded: its frames are judged as pipeline::Editor judges
// them, and nothing leaves.
#pragma once

#include <functional>
#include <map>

#include "libcore/pipeline/judged_content.h"
#include "libcore/pipeline/step.h"
#include "libcore/steps/output_rules.h"

namespace wstap::cmd {

class RehearsedFlow {
 public:
  /// Takes what something would be done to: a frame, or a message by its last frame. Valid during the call.
  /// @param envelope  its verdict and cause are those of the rules. @param payload  of the frame, or the
  /// message.
  using Visit = std::function<void(const pipeline::Envelope& envelope, Bytes payload)>;

  /// @param output  what would have been redacted; null: nothing. Outlives this.
  /// @param out_of_scope  why the flow would not have been opened; empty: it would.
  RehearsedFlow(const pipeline::Pipeline& pipeline, const steps::OutputRules* output,
                const pipeline::FlowNames& names, std::string out_of_scope)
      : out_of_scope_(std::move(out_of_scope)), plan_(pipeline.plan(names)), output_(output) {}

  /// To be called for each frame of the flow, in order. @param payload  as FlowBook::visit gives it.
  void take(const pipeline::Envelope& envelope, Bytes payload, const Visit& visit);
  /// No more frames will come: what has come of messages is judged as it is.
  void end(const Visit& visit);
  /// How often rules picked something, by their names in causes.
  std::map<std::string, std::uint64_t> picked() const;

 private:
  /// A direction, and its open message.
  struct Lane {
    pipeline::JudgedContent content;
    Buffer said;                 ///< where it may be redacted: what its message says so far
    pipeline::Envelope last;     ///< its last frame that came, without its bytes
    bool waits = false;          ///< it does, for its message
    bool open = false;           ///< the peer would wait for the rest of a message
    bool closed = false;         ///< it would have seen a Close: nothing is put behind one
    pipeline::Decision dropped;  ///< its kind is drop: so is the rest of the message
  };
  void release(Lane& lane, bool interrupted, const Visit& visit);
  void begin_message(Lane& lane, const pipeline::Envelope& first) const;
  bool keeps(const pipeline::Envelope& envelope) const noexcept;
  std::vector<std::string> redacted_by(Lane& lane, const pipeline::Envelope& envelope, Bytes payload) const;
  pipeline::Decision decide(const Lane& lane, pipeline::Envelope& envelope, Bytes payload) const;
  void let_go(Lane& lane, const pipeline::Envelope& envelope, pipeline::Decision& decision) const;
  void judge(Lane& lane, pipeline::Envelope envelope, Bytes payload, const Visit& visit);

  std::string out_of_scope_;
  pipeline::Plan plan_;
  const steps::OutputRules* output_;
  std::array<Lane, 2> lanes_;  ///< by ws::index
};

}  // namespace wstap::cmd

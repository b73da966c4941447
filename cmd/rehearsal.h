// SPDX-License-Identifier: Apache-2.0
// `wstap inspect --rules FILE`: what rules would have done to a recording (SAFE-6).
#pragma once

#include <map>

#include "cmd/frame_printer.h"
#include "cmd/frame_visitor.h"
#include "cmd/rehearsed_flow.h"
#include "cmd/rule_tallies.h"
#include "libcore/rules/rule_set.h"

namespace wstap::cmd {

/// Lists what something would have been done to, counts it, or says how often each rule did something.
class Rehearsal final : public FrameVisitor {
 public:
  enum class Telling : std::uint8_t { each, count, by_rule };

  Rehearsal(Form form, const Reading& reading, const rules::RuleSet& rules, Telling telling)
      : FrameVisitor(reading, false),
        printer_(std::move(form)),
        pipeline_(rules.pipeline()),
        output_(rules.output),
        telling_(telling),
        tallies_(rules) {}
  void finish(std::string& out) override;
  bool would_block() const override { return blocked_; }

 private:
  void capture(const std::string& path) override { printer_.set_capture(path); }
  void frame(const pipeline::Envelope& envelope, Bytes payload, std::string& out) override;
  void closed(const pipeline::FlowClosed& closed, std::string& out) override;
  void list(const pipeline::Envelope& envelope, Bytes payload, std::string& out);
  void end(RehearsedFlow& flow, std::string& out);
  RehearsedFlow& flow(pipeline::FlowId id);

  FramePrinter printer_;
  pipeline::Pipeline pipeline_;
  std::shared_ptr<const steps::OutputRules> output_;  ///< null: none
  Telling telling_;
  RuleTallies tallies_;
  bool blocked_ = false;
  std::uint64_t count_ = 0;
  std::map<pipeline::FlowId, RehearsedFlow> flows_;  ///< those that are open
};

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/transform.h"

#include <algorithm>

#include "libcore/pipeline/frame_subject.h"
#include "libcore/steps/json_edit.h"
#include "libcore/ws/close.h"

namespace wstap::steps {
namespace {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::FlowNames;
using pipeline::Says;
using pipeline::Verdict;
using Rules = std::vector<TransformRule>;

/// What replacing makes of a message is no longer (LIM-2).
constexpr std::size_t kLongest = std::size_t{64} << 20;

/// A frame, or a message, in the hands of the rules.
class Subject {
 public:
  Subject(const Envelope& envelope, Bytes payload) : envelope_(envelope), payload_(payload) {}

  bool picked_by(const TransformRule& rule, const filter::FlowSubject& flow) const {
    return !rule.filter || rule.filter->matches(pipeline::message_subject_of(envelope_, payload_, flow));
  }

  /// @return false: the rule would make it too large, and changed nothing.
  bool apply(const TransformRule& rule) {
    ws::FrameHeader& header = envelope_.frame.header;
    // Other bytes than those of a code and a reason have no place in a Close.
    if (header.opcode != ws::kClose && envelope_.says_content()) {
      if (rule.replacements && !replace(*rule.replacements)) return false;
      for (const auto& setting : rule.settings)
        if (auto edited = set_json(payload_, setting.pointer, setting.value)) take(std::move(*edited));
    }
    if (header.opcode == ws::kClose && (rule.close_code || rule.close_reason)) set_close(rule);
    if (rule.opcode) header.opcode = envelope_.placement.message_opcode = *rule.opcode;
    if (rule.fin) header.fin = *rule.fin;
    return true;
  }

  const ws::FrameHeader& header() const noexcept { return envelope_.frame.header; }
  /// Of the message, where it is one.
  std::uint8_t opcode() const noexcept {
    return envelope_.says == Says::frame ? header().opcode : envelope_.placement.message_opcode;
  }
  Bytes payload() const noexcept { return payload_; }

 private:
  bool replace(const RuleList& replacements) {
    const auto made = replacements.redact(payload_, std::max(kLongest, payload_.size()));
    if (made.shortened) return false;
    if (!made.replaced.empty()) take(to_buffer(as_bytes(made.text)));
    return true;
  }

  void set_close(const TransformRule& rule) {
    const auto body = ws::parse_close(payload_);
    const auto code = rule.close_code.value_or(body.code.value_or(ws::kNormal));
    take(ws::close_payload(code,
                           rule.close_reason ? std::string_view(*rule.close_reason) : as_text(body.reason)));
  }

  void take(Buffer payload) {
    own_ = std::move(payload);
    payload_ = own_;
    envelope_.frame.header.payload_len = own_.size();
  }

  Envelope envelope_;
  Buffer own_;
  Bytes payload_;
};

class FlowTransform final : public pipeline::FlowStep {
 public:
  FlowTransform(std::shared_ptr<const Rules> rules, std::array<std::vector<const TransformRule*>, 2> active,
                const FlowNames& flow)
      : rules_(std::move(rules)), active_(std::move(active)), flow_(flow) {}

  pipeline::Needs needs() const override {
    pipeline::Needs needs;
    for (std::size_t i = 0; i < 2; ++i) {
      for (const TransformRule* rule : active_[i]) {
        needs.payloads |= rule->reads_payloads();
        needs.alters |= rule->alters();
        needs.whole_messages[i] |= rule->acts_on_messages();
      }
    }
    return needs;
  }

  Decision judge(const Envelope& envelope, Bytes payload) override {
    Decision decision;
    Subject subject(envelope, payload);
    const bool fragment = envelope.placement.in_message() && envelope.says == Says::frame;
    const auto flow = flow_.subject();
    for (const TransformRule* rule : active_[ws::index(envelope.direction)]) {
      if (fragment && rule->acts_on_messages()) continue;
      if (!subject.picked_by(*rule, flow)) continue;
      std::ranges::copy(rule->tags, std::back_inserter(decision.tags));
      const auto cause = "rule:" + rule->id;
      if (rule->drop) {
        decision.kind = Decision::Kind::drop;
        decision.verdict = Verdict::dropped;
        decision.cause = cause;
        return decision;
      }
      if (rule->changes()) change(decision, *rule, subject, cause);
      insert(decision, *rule, subject, cause);
    }
    if (decision.kind == Decision::Kind::replace) {
      decision.header = subject.header();
      decision.payload = to_buffer(subject.payload());
    }
    return decision;
  }

 private:
  static void change(Decision& decision, const TransformRule& rule, Subject& subject,
                     const std::string& cause) {
    const auto before = subject.header();
    const Buffer said = to_buffer(subject.payload());
    if (!subject.apply(rule)) {
      if (decision.kind == Decision::Kind::go_on) decision.cause = "edit_refused:too_large";
      return;
    }
    const auto& header = subject.header();
    if (header.opcode == before.opcode && header.fin == before.fin &&
        std::ranges::equal(said, subject.payload()))
      return;
    decision.kind = Decision::Kind::replace;
    decision.verdict = Verdict::changed;
    decision.cause = cause;
  }

  static void insert(Decision& decision, const TransformRule& rule, const Subject& subject,
                     const std::string& cause) {
    const auto add = [&cause](auto& to, std::uint8_t opcode, Buffer payload) {
      to.push_back({{.fin = true, .opcode = opcode}, std::move(payload), cause});
    };
    for (const auto& each : rule.before) add(decision.before, each.opcode, each.payload);
    for (std::uint64_t i = 0; i < rule.copies; ++i)
      add(decision.after, subject.opcode(), to_buffer(subject.payload()));
    for (const auto& each : rule.after) add(decision.after, each.opcode, each.payload);
  }

  std::shared_ptr<const Rules> rules_;
  std::array<std::vector<const TransformRule*>, 2> active_;  ///< by ws::index, those that may match
  FlowNames flow_;
};

}  // namespace

bool TransformRule::acts_on_messages() const noexcept {
  return copies != 0 || replacements || !settings.empty() || (filter && filter->reads_payload());
}

bool TransformRule::changes() const noexcept {
  return fin || opcode || close_code || close_reason || replacements || !settings.empty();
}

bool TransformRule::reads_payloads() const noexcept {
  // What leaves in a frame's place is made of its payload.
  return copies != 0 || changes() || (filter && filter->reads_any(filter::wants_payload));
}

std::unique_ptr<pipeline::FlowStep> Transform::begin(const FlowNames& flow) const {
  std::array<std::vector<const TransformRule*>, 2> active;
  for (const auto& rule : *rules_)
    for (const bool receive : {false, true})
      if (!rule.filter || rule.filter->may_match(flow.subject(), receive)) active[receive].push_back(&rule);
  if (active[0].empty() && active[1].empty()) return nullptr;
  return std::make_unique<FlowTransform>(rules_, std::move(active), flow);
}

}  // namespace wstap::steps

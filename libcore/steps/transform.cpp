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

/// What replacing makes of a message is no longer (LIM-2).
constexpr std::size_t kLongest = std::size_t{64} << 20;
/// What is put beside one frame is no more, and each frame of it takes memory beside its payload.
constexpr std::size_t kMostBeside = kLongest, kFrameTakes = 512;

/// A frame, or a message, in the hands of the rules.
class Subject {
 public:
  /// @param tags  it has so far; outlive it.
  Subject(const Envelope& envelope, Bytes payload, std::vector<std::string>& tags)
      : came_(envelope), envelope_(envelope), payload_(payload), tags_(tags) {}

  bool picked_by(const TransformRule& rule, const filter::FlowSubject& flow) const {
    if (!rule.filter) return true;
    auto subject = rule.acts_on_messages()
                       ? pipeline::message_subject_of(envelope_, payload_, flow)
                       : pipeline::subject_of(is_last_of_message() ? came_ : envelope_, payload_, flow);
    subject.tags = tags_;
    return rule.filter->matches(subject);
  }
  void tag(const std::vector<std::string>& tags) { pipeline::add_each_once(tags_, tags); }
  /// What is in hand is a message, of which the frame that came is but the last.
  bool is_last_of_message() const noexcept {
    return envelope_.of_message() && ws::is_fragment(envelope_.placement.part);
  }

  void extract_to(Variables& variables, const TransformRule& rule) const {
    if (!envelope_.says_content()) return;
    for (const auto& extraction : rule.extractions)
      if (auto taken = extract(extraction, payload_)) variables[extraction.variable] = std::move(taken);
  }

  /// @return false: the rule would make it too large, and changed nothing.
  bool apply(const TransformRule& rule, const Variables& variables) {
    ws::FrameHeader& header = envelope_.frame.header;
    const bool is_control = ws::is_control(header.opcode);
    // Other bytes than those of a code and a reason have no place in a Close.
    if (header.opcode != ws::kClose && envelope_.says_content() && rule.replacements &&
        !replace(*rule.replacements, variables))
      return false;
    if (!is_control && envelope_.says_content())
      for (const auto& setting : rule.settings)
        if (auto edited = set_json(payload_, setting.pointer, setting.value.expand(variables)))
          take(std::move(*edited));
    if (header.opcode == ws::kClose && (rule.close_code || rule.close_reason)) set_close(rule, variables);
    if (rule.opcode && !is_control) header.opcode = envelope_.placement.message_opcode = *rule.opcode;
    if (rule.fin) header.fin = *rule.fin;
    return true;
  }

  /// What is judged as far as it came has waited enough.
  bool may_wait() const noexcept { return envelope_.says != Says::message_so_far; }
  const ws::FrameHeader& header() const noexcept { return envelope_.frame.header; }
  /// Of the message, where it is one.
  std::uint8_t opcode() const noexcept {
    return envelope_.of_message() ? envelope_.placement.message_opcode : header().opcode;
  }
  Bytes payload() const noexcept { return payload_; }
  bool says_content() const noexcept { return envelope_.says_content(); }

 private:
  bool replace(const RuleList& replacements, const Variables& variables) {
    const auto made = replacements.rewrite(payload_, std::max(kLongest, payload_.size()), variables);
    const bool is_control = ws::is_control(envelope_.frame.header.opcode);
    if (made.shortened || (is_control && made.text.size() > ws::kShortPayload)) return false;
    if (!made.replaced.empty()) take(to_buffer(as_bytes(made.text)));
    return true;
  }

  void set_close(const TransformRule& rule, const Variables& variables) {
    const auto body = ws::parse_close(payload_);
    const auto code = rule.close_code.value_or(body.code.value_or(ws::kNormal));
    const auto reason =
        rule.close_reason ? rule.close_reason->expand(variables) : std::string(as_text(body.reason));
    take(ws::close_payload(code, reason));
  }

  void take(Buffer payload) {
    own_ = std::move(payload);
    payload_ = own_;
    envelope_.frame.header.payload_len = own_.size();
  }

  const Envelope& came_;
  Envelope envelope_;
  Buffer own_;
  Bytes payload_;
  std::vector<std::string>& tags_;
};

/// A rule that may match in a direction of a flow.
struct ActiveRule {
  const TransformRule* rule = nullptr;
  std::size_t variables = 0;  ///< which: none, or a macro's
  std::string cause;
  std::uint64_t picked = 0;  ///< so many frames and messages
};

class FlowTransform final : public pipeline::FlowStep {
 public:
  FlowTransform(std::shared_ptr<const Transform::All> all, const FlowNames& flow)
      : all_(std::move(all)), flow_(flow), variables_(1) {
    for (const auto& rule : all_->rules) add(rule, "rule:" + rule.id);
    for (const auto& macro : all_->macros) {
      variables_.emplace_back(macro.variables.size());
      for (const auto& rule : macro.rules) add(rule, "macro:" + macro.name_of(rule));
    }
    // Those about frames first: otherwise what they see of a message would depend on where its fragments end.
    for (auto& of_direction : active_)
      std::ranges::stable_partition(of_direction,
                                    [](const auto& active) { return !active.rule->acts_on_messages(); });
  }

  bool idle() const noexcept { return active_[0].empty() && active_[1].empty(); }

  pipeline::Needs needs() const override {
    pipeline::Needs needs;
    for (std::size_t i = 0; i < 2; ++i) {
      needs.passes_messages[i] = passes_messages(i != 0);
      for (const ActiveRule& active : active_[i]) {
        needs.payloads |= active.rule->reads_payloads();
        needs.alters |= active.rule->alters() || active.rule->keeps_fragments();
        needs.whole_messages[i] |= active.rule->acts_on_messages();
      }
    }
    return needs;
  }

  void add_picked(std::map<std::string, std::uint64_t>& picked) const override {
    for (const auto& of_direction : active_)
      for (const auto& active : of_direction) picked[active.cause] += active.picked;
  }

  Decision judge(const Envelope& envelope, Bytes payload) override {
    Decision decision;
    Subject subject(envelope, payload, tags_of(envelope));
    subject.tag(envelope.tags);
    room_beside_ = kMostBeside;
    const bool fragment = envelope.placement.in_message() && !envelope.of_message();
    // A frame that waited for its message is judged with it once more.
    auto& judged = judged_[ws::index(envelope.direction)];
    const bool again = envelope.says == Says::message_so_far && judged == envelope.sequence;
    if (envelope.placement.in_message()) judged = envelope.sequence;
    const auto flow = flow_.subject();
    for (ActiveRule& active : active_[ws::index(envelope.direction)]) {
      if (active.rule->acts_on_messages() ? fragment : again) continue;
      if (!subject.picked_by(*active.rule, flow)) continue;
      ++active.picked;
      apply(decision, active, subject);
      if (decision.kind == Decision::Kind::drop) return decision;
    }
    if (decision.kind == Decision::Kind::replace) {
      decision.header = subject.header();
      decision.payload = to_buffer(subject.payload());
    }
    return decision;
  }

 private:
  /// What a message is tagged with, its frames are, and those of them before.
  std::vector<std::string>& tags_of(const Envelope& envelope) {
    const auto& placement = envelope.placement;
    auto& tags = placement.in_message() ? tags_[ws::index(envelope.direction)] : tags_of_control_;
    const bool begins = ws::begins_message(placement.part) && envelope.says != Says::message_so_far;
    if (begins || !placement.in_message()) tags.clear();
    return tags;
  }

  void add(const TransformRule& rule, const std::string& cause) {
    for (const bool receive : {false, true})
      if (!rule.filter || rule.filter->may_match(flow_.subject(), receive))
        active_[receive].push_back({&rule, variables_.size() - 1, cause});
  }

  bool passes_messages(bool receive) const {
    return std::ranges::none_of(active_[receive], [&](const ActiveRule& active) {
      const auto& filter = active.rule->filter;
      return !filter || filter->may_match(flow_.subject(), receive, ws::kText) ||
             filter->may_match(flow_.subject(), receive, ws::kBinary);
    });
  }

  void apply(Decision& decision, const ActiveRule& active, Subject& subject) {
    const TransformRule& rule = *active.rule;
    Variables& variables = variables_[active.variables];
    subject.extract_to(variables, rule);
    subject.tag(rule.tags);
    std::ranges::copy(rule.tags, std::back_inserter(decision.tags));
    if (rule.delay_ns > decision.delay_ns && subject.may_wait()) {
      decision.delay_ns = rule.delay_ns;
      if (decision.cause.empty()) decision.cause = active.cause;
    }
    const bool has_all = rule.has_all(variables);
    if (rule.drop) {
      decision.kind = Decision::Kind::drop;
      decision.verdict = Verdict::dropped;
      decision.cause = active.cause;
    } else if (!has_all) {
      refuse(decision, "edit_refused:variable_without_value");
    } else if (rule.changes()) {
      change(decision, active, subject);
    }
    if (has_all) insert(decision, active, subject);
  }

  static void refuse(Decision& decision, const char* why) {
    if (decision.kind == Decision::Kind::go_on) decision.cause = why;
  }

  void change(Decision& decision, const ActiveRule& active, Subject& subject) {
    // All that a rule about frames may change in data is fin.
    if (!active.rule->acts_on_messages() && subject.is_last_of_message() && active.rule->fin)
      return refuse(decision, "edit_refused:fragment_of_message");
    if (active.rule->changes_content() && !subject.says_content())
      return refuse(decision, "edit_refused:opaque");
    const auto before = subject.header();
    const Buffer said = to_buffer(subject.payload());
    if (!subject.apply(*active.rule, variables_[active.variables]))
      return refuse(decision, "edit_refused:too_large");
    const auto& header = subject.header();
    if (header.opcode == before.opcode && header.fin == before.fin &&
        std::ranges::equal(said, subject.payload()))
      return;
    decision.kind = Decision::Kind::replace;
    decision.verdict = Verdict::changed;
    decision.cause = active.cause;
  }

  void insert(Decision& decision, const ActiveRule& active, const Subject& subject) {
    insert(decision, decision.before, active, active.rule->before);
    // Nobody knows what there would be to copy.
    const bool readable = subject.says_content();
    if (active.rule->copies != 0 && !readable) refuse(decision, "edit_refused:opaque");
    if (active.rule->copies != 0 && readable)
      put_beside(decision, decision.after,
                 {{.fin = true, .opcode = subject.opcode()}, to_buffer(subject.payload()), active.cause},
                 active.rule->copies);
    insert(decision, decision.after, active, active.rule->after);
  }

  void insert(Decision& decision, std::vector<pipeline::NewFrame>& to, const ActiveRule& active,
              const std::vector<Insertion>& all) {
    for (const auto& each : all)
      put_beside(decision, to,
                 {{.fin = true, .opcode = each.opcode},
                  to_buffer(as_bytes(each.payload.expand(variables_[active.variables]))),
                  active.cause});
  }

  /// @param copies  so many like it, or none.
  void put_beside(Decision& decision, std::vector<pipeline::NewFrame>& to, const pipeline::NewFrame& frame,
                  std::uint64_t copies = 1) {
    const std::size_t takes = frame.payload.size() + kFrameTakes;
    if (ws::is_control(frame.header.opcode) && frame.payload.size() > ws::kShortPayload) {
      decision.refused.emplace_back(frame, "too long for a control frame", copies);
    } else if (room_beside_ / takes < copies) {
      decision.refused.emplace_back(frame, "too much beside one frame", copies);
    } else {
      room_beside_ -= takes * copies;
      to.insert(to.end(), copies, frame);
    }
  }

  std::shared_ptr<const Transform::All> all_;
  FlowNames flow_;
  std::vector<Variables> variables_;                         ///< none for rules; then those of each macro
  std::array<std::vector<ActiveRule>, 2> active_;            ///< by ws::index
  std::array<std::optional<pipeline::Sequence>, 2> judged_;  ///< the last frame of a message that was
  std::array<std::vector<std::string>, 2> tags_;             ///< of the message that is open, or was last
  std::vector<std::string> tags_of_control_;                 ///< of the control frame in hand
  std::size_t room_beside_ = 0;                              ///< for what is put beside the frame in hand
};

}  // namespace

bool TransformRule::acts_on_messages() const noexcept {
  return copies != 0 || delay_ns != 0 || opcode || replacements || !settings.empty() ||
         !extractions.empty() || (filter && filter->reads_payload());
}

bool TransformRule::keeps_fragments() const noexcept {
  return delay_ns != 0 || (!before.empty() && acts_on_messages());
}

bool TransformRule::changes_content() const noexcept {
  return replacements || !settings.empty();
}

bool TransformRule::changes() const noexcept {
  return fin || opcode || close_code || close_reason || changes_content();
}

bool TransformRule::reads_payloads() const noexcept {
  // What leaves in a frame's place is made of its payload.
  return copies != 0 || changes() || !extractions.empty() ||
         (filter && filter->reads_any(filter::wants_payload));
}

bool TransformRule::has_all(const Variables& variables) const noexcept {
  const auto all = [&](const auto& list, auto part) {
    return std::ranges::all_of(list, [&](const auto& each) { return (each.*part).has_all(variables); });
  };
  return (!replacements || replacements->has_all(variables)) && all(settings, &JsonSetting::value) &&
         (!close_reason || close_reason->has_all(variables)) && all(before, &Insertion::payload) &&
         all(after, &Insertion::payload);
}

std::unique_ptr<pipeline::FlowStep> Transform::begin(const FlowNames& flow) const {
  auto step = std::make_unique<FlowTransform>(all_, flow);
  return step->idle() ? nullptr : std::move(step);
}

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/safety.h"

#include <algorithm>

namespace wstap::steps {

using pipeline::Decision;
using pipeline::Envelope;
using pipeline::Says;
using pipeline::Verdict;

namespace {

enum Kind : std::size_t { text, binary, control, kKinds };

Kind kind_of(const Envelope& envelope) noexcept {
  if (!envelope.placement.in_message()) return control;
  return envelope.placement.message_opcode == ws::kText ? text : binary;
}

/// Rules that look at the same frames.
struct Group {
  RuleList list;
  std::vector<bool> blocks;  ///< by index in the list

  bool any_blocks() const { return std::ranges::find(blocks, true) != blocks.end(); }
};

}  // namespace

struct Safety::Compiled {
  /// By ws::index, and kind_of.
  std::array<std::array<std::optional<Group>, kKinds>, 2> groups;
  bool blocks_unreadable = true, closes = false;
};

namespace {

/// Data that RFC 6455 gives no meaning: nobody knows what its receiver makes of it.
bool is_of_no_message(const Envelope& envelope) noexcept {
  const auto opcode = envelope.frame.header.opcode;
  return !envelope.placement.in_message() && !ws::is_control(opcode);
}

/// What its receiver understands may be something else than what is judged.
bool may_say_anything(const Envelope& envelope) noexcept {
  if (ws::is_control(envelope.frame.header.opcode)) return false;
  return !envelope.says_content() || envelope.extended || is_of_no_message(envelope) ||
         envelope.anomalies.has(ws::Anomaly::data_inside_message);
}

Decision blocked(std::string cause, bool closes) {
  Decision decision{.kind = Decision::Kind::drop, .verdict = Verdict::blocked, .cause = std::move(cause)};
  decision.ends_flow = closes;
  return decision;
}

class FlowSafety final : public pipeline::FlowStep {
 public:
  explicit FlowSafety(std::shared_ptr<const Safety::Compiled> compiled) : compiled_(std::move(compiled)) {}

  pipeline::Needs needs() const override {
    pipeline::Needs needs{.payloads = true, .passes_messages = {true, true}};
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t kind = 0; kind < kKinds; ++kind) {
        const auto& group = compiled_->groups[i][kind];
        if (!group) continue;
        needs.alters |= group->any_blocks();
        needs.whole_messages[i] |= kind != control;
        needs.passes_messages[i] &= kind == control;
      }
    }
    return needs;
  }

  bool checks_again() const noexcept override { return true; }

  Decision judge(const Envelope& envelope, Bytes payload) override {
    if (envelope.placement.in_message() && envelope.says == Says::frame) return {};
    if (!is_of_no_message(envelope)) return judge_as(kind_of(envelope), envelope, payload);
    Decision as_text = judge_as(text, envelope, payload);
    if (as_text.kind == Decision::Kind::drop) return as_text;
    Decision as_binary = judge_as(binary, envelope, payload);
    pipeline::add_each_once(as_binary.logged, as_text.logged);
    return as_binary;
  }

 private:
  /// A message of which the beginning was judged.
  Decision judge_as(Kind kind, const Envelope& envelope, Bytes payload) {
    const auto& group = compiled_->groups[ws::index(envelope.direction)][kind];
    if (!group) return {};
    if (compiled_->blocks_unreadable && group->any_blocks() && may_say_anything(envelope))
      return blocked("safety:unreadable", compiled_->closes);
    if (!envelope.says_content()) return {};
    if (envelope.says != Says::rest && envelope.says != Says::message_so_far)
      return judge_by(*group, payload);
    // What was judged before is judged again with what comes, as far as it reaches.
    auto& logged = logged_[ws::index(envelope.direction)];
    if (envelope.says == Says::message_so_far) logged.clear();
    Buffer joined;
    if (!envelope.judged_before.empty()) {
      joined = to_buffer(envelope.judged_before);
      append(joined, payload);
    }
    Decision decision = judge_by(*group, joined.empty() ? payload : Bytes(joined));
    std::erase_if(decision.logged,
                  [&](const std::string& id) { return std::ranges::find(logged, id) != logged.end(); });
    std::ranges::copy(decision.logged, std::back_inserter(logged));
    if (ws::ends_message(envelope.placement.part)) logged.clear();
    return decision;
  }

  Decision judge_by(const Group& group, Bytes payload) const {
    Decision decision;
    for (const auto& match : group.list.matches(payload)) {
      std::string id(group.list.id(match.rule));
      if (group.blocks[match.rule]) return blocked("safety:" + id, compiled_->closes);
      decision.logged.push_back(std::move(id));
    }
    return decision;
  }

  std::shared_ptr<const Safety::Compiled> compiled_;
  /// By ws::index: ids of rules that logged the open message, which is judged piece by piece.
  std::array<std::vector<std::string>, 2> logged_;
};

bool looks_at(const InputRule& rule, std::size_t direction, std::size_t kind) noexcept {
  const std::array<bool, kKinds> kinds = {rule.texts, rule.binaries, rule.controls};
  return rule.directions[direction] && kinds[kind];
}

}  // namespace

Result<std::shared_ptr<Safety>> Safety::make(SafetyInput input) {
  auto compiled = std::make_shared<Compiled>();
  compiled->blocks_unreadable = input.blocks_unreadable;
  compiled->closes = input.closes;
  for (std::size_t direction = 0; direction < 2; ++direction) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      std::vector<RuleSpec> specs;
      std::vector<bool> blocks;
      for (const auto& rule : input.rules) {
        if (!looks_at(rule, direction, kind)) continue;
        specs.push_back(rule.spec);
        blocks.push_back(rule.blocks);
      }
      if (specs.empty()) continue;
      auto list = RuleList::compile(specs);
      if (!list) return std::unexpected(std::move(list.error()));
      compiled->groups[direction][kind].emplace(Group{std::move(*list), std::move(blocks)});
    }
  }
  return std::shared_ptr<Safety>(new Safety(std::move(compiled)));
}

std::unique_ptr<pipeline::FlowStep> Safety::begin(const pipeline::FlowNames&) const {
  const auto any = std::ranges::any_of(compiled_->groups, [](const auto& of_direction) {
    return std::ranges::any_of(of_direction, [](const auto& group) { return group.has_value(); });
  });
  return any ? std::make_unique<FlowSafety>(compiled_) : nullptr;
}

}  // namespace wstap::steps

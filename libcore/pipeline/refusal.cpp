// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/refusal.h"

#include <fmt/format.h>

namespace wstap::pipeline {
namespace {

/// @return null: it can be done.
const char* in_the_way(const Envelope& envelope, const MessageStanding& message,
                       const Decision& decision) noexcept {
  if (decision.kind == Decision::Kind::go_on) return nullptr;
  // What must not pass is no matter of what can be edited.
  if (decision.verdict == Verdict::blocked) return nullptr;
  if (envelope.extended && !ws::is_control(envelope.frame.header.opcode)) return "unknown_extension";
  if (!envelope.placement.in_message()) return nullptr;
  const bool replaces = decision.kind == Decision::Kind::replace;
  if (message.compressed) {
    if (message.lost) return "opaque";
    if (!message.waits || (replaces && envelope.says == Says::message_so_far)) return "message_limited";
  }
  if (replaces && message.waits && envelope.says == Says::frame)
    return message.compressed ? "fragment_of_compressed" : "fragment_of_message";
  return nullptr;
}

}  // namespace

void become_drop(Decision& all, Decision& drop) {
  all.kind = Decision::Kind::drop;
  all.verdict = drop.verdict;
  all.cause = std::move(drop.cause);
  all.ends_flow = drop.ends_flow;
}

std::optional<NotInjected> refuse_beside(const Plan& plan, NewFrame& frame, const Envelope& beside) {
  const auto why = plan.against(frame, beside);
  if (why.empty()) return std::nullopt;
  frame.cause += ", " + why;
  return NotInjected(frame, "not allowed");
}

void refuse_impossible(const Envelope& envelope, const MessageStanding& message, Decision& decision) {
  const char* why = in_the_way(envelope, message, decision);
  if (why == nullptr) return;
  decision.kind = Decision::Kind::go_on;
  decision.cause = fmt::format("{}{}", kEditRefused, why);
}

}  // namespace wstap::pipeline

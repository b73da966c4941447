// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/keepalive.h"

#include <algorithm>

namespace wstap::pipeline {
namespace {

// A peer that never answers does not make the list grow.
constexpr std::size_t kMostUnanswered = 128;

}  // namespace

void Keepalive::ping_left(Bytes payload, bool own) {
  if (unanswered_.size() == kMostUnanswered) unanswered_.pop_front();
  unanswered_.push_back({to_buffer(payload), own});
}

Keepalive::Answer Keepalive::pong_came(Bytes payload) {
  const auto answered = std::ranges::find_if(
      unanswered_, [&](const Ping& ping) { return std::ranges::equal(ping.payload, payload); });
  if (answered == unanswered_.end()) return {};
  Answer answer;
  if (answered->own) {
    answer.to = Answer::To::own;
    // Of several the peer wants to hear of the latest.
    for (auto older = unanswered_.begin(); older != answered; ++older) {
      if (older->own) continue;
      answer.to = Answer::To::both;
      answer.payload = std::move(older->payload);
    }
  }
  unanswered_.erase(unanswered_.begin(), answered + 1);
  return answer;
}

}  // namespace wstap::pipeline

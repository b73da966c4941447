// SPDX-License-Identifier: Apache-2.0
// What must not be recorded as it was said (SAFE-4): which rules look where.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "libcore/steps/rule_list.h"
#include "libcore/ws/direction.h"

namespace wstap::steps {

struct OutputRule {
  RuleSpec spec;
  std::array<bool, 2> payloads{};  ///< by ws::index: messages, Ping and Pong
  std::array<bool, 2> heads{};     ///< of requests, of responses
  bool urls = false;
  bool close_reasons = false;
};

/// Compiled rules, by where they look. Immutable; shared by all who record.
class OutputRules {
 public:
  /// @error as RuleList::compile
  static Result<std::shared_ptr<const OutputRules>> make(const std::vector<OutputRule>& rules);

  // Null: no rule looks there.
  const RuleList* payloads(ws::Direction direction) const noexcept {
    return at(payloads_[ws::index(direction)]);
  }
  const RuleList* heads(ws::Direction direction) const noexcept { return at(heads_[ws::index(direction)]); }
  const RuleList* urls() const noexcept { return at(urls_); }
  const RuleList* close_reasons() const noexcept { return at(close_reasons_); }

  /// What frames of a direction say may not be recorded as it is.
  bool concern(ws::Direction direction) const noexcept {
    return payloads(direction) != nullptr || close_reasons() != nullptr;
  }

 private:
  static const RuleList* at(const std::optional<RuleList>& list) noexcept { return list ? &*list : nullptr; }

  std::array<std::optional<RuleList>, 2> payloads_, heads_;
  std::optional<RuleList> urls_, close_reasons_;
};

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
// Match and replace, as a rule has it.
#pragma once

#include "libcore/steps/rule_list.h"

namespace wstap::test {

inline steps::RuleList replacing(std::string pattern, std::string with) {
  const steps::RuleSpec spec = {.id = {}, .patterns = {{std::move(pattern)}}, .replacement = std::move(with)};
  return *steps::RuleList::compile(std::span(&spec, 1));
}

}  // namespace wstap::test

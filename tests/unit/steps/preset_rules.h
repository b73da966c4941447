// SPDX-License-Identifier: Apache-2.0
// Presets as rules, for tables of texts.
#pragma once

#include <gtest/gtest.h>

#include "libcore/steps/safety_presets.h"

namespace wstap::steps {

inline RuleList preset_rules(std::string_view name) {
  const Preset* preset = find_preset(name);
  if (!preset) throw std::invalid_argument(std::string(name));
  const std::vector<RuleSpec> specs = {preset->rule()};
  auto rules = RuleList::compile(specs);
  if (!rules) throw std::invalid_argument(rules.error().text());
  return *rules;
}

inline std::string redacted(std::string_view preset, std::string_view text) {
  return preset_rules(preset).rewrite(as_bytes(text)).text;
}

struct Redacts {
  std::string_view text, redacted;
};

/// Each text becomes what stands beside it.
inline void expect_redacted(std::string_view preset, std::span<const Redacts> table) {
  const RuleList rules = preset_rules(preset);
  for (const auto& [text, expected] : table) {
    EXPECT_EQ(rules.rewrite(as_bytes(text)).text, expected) << text;
    EXPECT_EQ(rules.matches(as_bytes(text)).size(), 1U) << text;
  }
}

inline void expect_untouched(std::string_view preset, std::span<const std::string_view> texts) {
  const RuleList rules = preset_rules(preset);
  for (const std::string_view text : texts) {
    const auto redacted = rules.rewrite(as_bytes(text));
    EXPECT_EQ(redacted.text, text);
    EXPECT_TRUE(redacted.replaced.empty());
    EXPECT_TRUE(rules.matches(as_bytes(text)).empty()) << text;
  }
}

inline void expect_found(std::string_view preset, std::span<const std::string_view> texts) {
  const RuleList rules = preset_rules(preset);
  for (const std::string_view text : texts) EXPECT_EQ(rules.matches(as_bytes(text)).size(), 1U) << text;
}

}  // namespace wstap::steps

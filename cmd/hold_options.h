// SPDX-License-Identifier: Apache-2.0
// Options about frames that wait for somebody's decision; what is given counts more than the rules file.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "libcore/rules/rule_set.h"

namespace CLI {
class App;
}

namespace wstap::cmd {

struct HoldOptions {
  std::vector<std::string> filters;
  std::vector<steps::HoldRule> rules;  ///< made of them
  pipeline::HoldSettings settings;
  std::chrono::milliseconds timeout{60'000}, keepalive{5'000}, keepalive_client{0};
  /// What of the settings was given.
  std::vector<void (*)(const pipeline::HoldSettings& given, pipeline::HoldSettings& to)> given;

  bool any() const noexcept { return !rules.empty() || !given.empty(); }
  /// Adds what was given to what a file says.
  void add_to(rules::RuleSet& rules) const;
};

/// @param control  see ProxySettings.
void declare_hold_options(CLI::App& app, HoldOptions& options, std::string& control);
/// Translates and checks what was typed. @return what is wrong; empty: nothing.
std::string complete_hold_options(const CLI::App& app, HoldOptions& options);

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// How often each rule of a rehearsal did something: `wstap inspect --rules FILE --by-rule`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libcore/pipeline/envelope.h"
#include "libcore/rules/rule_set.h"

namespace wstap::cmd {

class RuleTallies {
 public:
  /// All of a file, in its order by kind; none did anything yet.
  explicit RuleTallies(const rules::RuleSet& rules);

  /// @param picked  by what a rule is called in causes, as pipeline::FlowStep tells it.
  void add(const std::map<std::string, std::uint64_t>& picked);
  /// What safety rules, redactions and the scope did to a frame, or to a message by its last frame.
  void add(const pipeline::Envelope& judged);
  /// A line each: how often, and which.
  void print(std::string& out) const;

 private:
  void count(const std::string& rule, std::uint64_t times = 1);
  bool is_known(const pipeline::Envelope& judged);

  std::vector<std::pair<std::string, std::uint64_t>> tallies_;
  std::map<std::string, std::size_t> index_;  ///< in tallies_
  /// The last message of a flow that was blocked: what comes of it later is no further time.
  std::map<std::pair<pipeline::FlowId, ws::Direction>, pipeline::Sequence> blocked_;
};

}  // namespace wstap::cmd

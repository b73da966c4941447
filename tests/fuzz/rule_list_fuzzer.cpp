// SPDX-License-Identifier: Apache-2.0
// Any text through the presets, one by one and all together: what is redacted is not found again, no text
// grows beyond its bound, none changes in which nothing was found. The first byte picks a preset.
#include <cstdlib>

#include "libcore/steps/safety_presets.h"
#include "libcore/ws/utf8.h"

namespace {

using namespace wstap;

void require(bool holds) {
  if (!holds) std::abort();
}

const std::vector<steps::RuleList>& lists() {
  static const std::vector<steps::RuleList> compiled = [] {
    std::vector<steps::RuleList> all;
    std::vector<steps::RuleSpec> together;
    for (const steps::Preset& preset : steps::all_presets()) {
      const std::vector<steps::RuleSpec> alone = {preset.rule()};
      all.push_back(*steps::RuleList::compile(alone));
      together.push_back(preset.rule());
    }
    all.push_back(*steps::RuleList::compile(together));
    return all;
  }();
  return compiled;
}

void check_finds(const steps::RuleList& rules, std::string_view text,
                 const steps::RuleList::Rewritten& redacted) {
  const auto found = rules.matches(as_bytes(text));
  for (const auto& match : found) require(match.span.begin < match.span.end && match.span.end <= text.size());
  // Another rule before it may have replaced what a rule would have found, or made what it finds.
  if (rules.size() == 1 && !redacted.replaced.empty()) require(found.size() == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& rules = lists()[data[0] % lists().size()];
  const std::string_view text = as_text(std::as_bytes(std::span(data + 1, size - 1)));

  const auto redacted = rules.rewrite(as_bytes(text));
  require(redacted.text.size() <= steps::RuleList::longest(text.size()));
  require(!redacted.shortened);
  require(!redacted.replaced.empty() || redacted.text == text);
  require(!ws::is_utf8(as_bytes(text)) || ws::is_utf8(as_bytes(redacted.text)));
  check_finds(rules, text, redacted);
  // What is removed, as the rules for input do here, may bring together what then is a find.
  const bool replaces = rules.size() == 1 && !steps::find_preset(rules.id(0))->replacement.empty();
  if (replaces) require(rules.rewrite(as_bytes(redacted.text)).replaced.empty());
  return 0;
}

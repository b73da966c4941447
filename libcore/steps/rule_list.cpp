// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/rule_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "libcore/steps/errors.h"
#include "libcore/steps/replacement.h"
#include "libcore/steps/text_scan.h"
#include "libcore/ws/utf8.h"

namespace wstap::steps {
namespace {

struct Rule {
  std::string id;
  std::vector<TextPattern> patterns;
  Replacement replacement;
};

std::unexpected<Error> fault_of(const RuleSpec& spec, const Error& error) {
  return fail(error.code, fmt::format("rule '{}': {}", spec.id, error.detail), error.offset);
}

Result<Rule> compiled(const RuleSpec& spec, std::span<const std::string> variables) {
  auto replacement = Replacement::parse(spec.replacement, variables);
  if (!replacement) return fault_of(spec, replacement.error());
  Rule rule{.id = spec.id, .patterns = {}, .replacement = std::move(*replacement)};
  for (const PatternSpec& part : spec.patterns) {
    auto pattern = TextPattern::compile(part.pattern, part.locator);
    if (!pattern) return fault_of(spec, pattern.error());
    const int wanted = rule.replacement.highest_group();
    if (wanted > pattern->groups) {
      return fail(Errc::bad_replacement,
                  fmt::format("rule '{}': ${} is in it, and the pattern has {} group{}", spec.id, wanted,
                              pattern->groups, pattern->groups == 1 ? "" : "s"),
                  rule.replacement.highest_group_at());
    }
    rule.patterns.push_back(std::move(*pattern));
  }
  return rule;
}

/// One text on its way through the rules.
class Rewriting {
 public:
  Rewriting(std::string_view text, std::size_t most_bytes, const Variables& variables)
      : original_(text), limit_(most_bytes), variables_(variables) {}

  std::uint64_t apply(const Rule& rule) {
    std::uint64_t times = 0;
    for (const TextPattern& pattern : rule.patterns) times += gave_up_ ? 0 : apply(rule.replacement, pattern);
    return times;
  }
  std::string take() && { return changed_ ? std::move(text_) : std::string(original_); }
  bool shortened() const noexcept { return shortened_; }
  std::uint64_t searched_bytes() const noexcept { return searched_bytes_; }

 private:
  std::string_view text() const noexcept { return changed_ ? std::string_view(text_) : original_; }

  std::uint64_t apply(const Replacement& replacement, const TextPattern& pattern) {
    if (!utf8_) utf8_ = ws::is_utf8(as_bytes(text()));
    TextScan scan(pattern, text(), *utf8_, replacement.highest_group());
    std::string out, instead;
    std::size_t copied = 0;
    std::uint64_t times = 0;
    while (scan.next()) {
      if (scan.gave_up()) return give_up();
      const TextSpan found = scan.found();
      const auto groups = groups_of(scan, replacement.highest_group());
      const std::size_t others = out.size() + (found.begin - copied) + (text().size() - found.end);
      const bool too_long = others + replacement.expanded_bytes(groups, variables_) > limit_;
      instead.clear();
      if (!too_long) replacement.expand(instead, groups, variables_);
      if (instead == groups[0]) continue;
      out += text().substr(copied, found.begin - copied);
      out += instead;
      copied = found.end;
      shortened_ |= too_long;
      ++times;
    }
    searched_bytes_ += scan.searched_bytes();
    if (times == 0) return 0;
    out += text().substr(copied);
    text_ = std::move(out);
    changed_ = true;
    utf8_.reset();
    return times;
  }

  /// Nothing is left, since nobody knows what would be.
  std::uint64_t give_up() {
    gave_up_ = shortened_ = changed_ = true;
    text_.clear();
    return 1;
  }

  std::array<std::string_view, 10> groups_of(const TextScan& scan, int highest) const {
    std::array<std::string_view, 10> groups;
    groups[0] = scan.found().of(text());
    for (int i = 1; i <= highest; ++i) groups[static_cast<std::size_t>(i)] = scan.group(i);
    return groups;
  }

  const std::string_view original_;
  const std::size_t limit_;
  const Variables& variables_;
  std::string text_;  ///< once changed
  bool changed_ = false, shortened_ = false, gave_up_ = false;
  std::optional<bool> utf8_;  ///< of the text as it is; none: not looked yet
  std::uint64_t searched_bytes_ = 0;
};

std::optional<TextSpan> first_find(const Rule& rule, std::string_view text, bool utf8) {
  std::optional<TextSpan> first;
  for (const TextPattern& pattern : rule.patterns) {
    // Bytes that are no characters do not hide characters that are none of ASCII.
    for (const bool as_utf8 : {utf8, true}) {
      TextScan scan(pattern, text, as_utf8, 0);
      if (scan.next() && (!first || scan.found().begin < first->begin)) first = scan.found();
      if (utf8) break;
    }
  }
  return first;
}

}  // namespace

struct RuleList::Compiled {
  std::vector<Rule> rules;
};

Result<RuleList> RuleList::compile(std::span<const RuleSpec> rules, std::span<const std::string> variables) {
  auto list = std::make_shared<Compiled>();
  for (const RuleSpec& spec : rules) {
    auto rule = compiled(spec, variables);
    if (!rule) return std::unexpected(rule.error());
    list->rules.push_back(std::move(*rule));
  }
  return RuleList(std::move(list));
}

std::vector<RuleList::Match> RuleList::matches(Bytes text) const {
  std::vector<Match> found;
  const bool utf8 = ws::is_utf8(text);
  for (std::size_t i = 0; i < size(); ++i) {
    if (const auto span = first_find(compiled_->rules[i], as_text(text), utf8)) found.push_back({i, *span});
  }
  return found;
}

bool RuleList::has_all(const Variables& variables) const noexcept {
  return std::ranges::all_of(compiled_->rules,
                             [&](const Rule& rule) { return rule.replacement.has_all(variables); });
}

RuleList::Rewritten RuleList::rewrite(Bytes text, std::size_t most_bytes, const Variables& variables) const {
  Rewriting rewriting(as_text(text), most_bytes, variables);
  Rewritten rewritten;
  for (std::size_t i = 0; i < size(); ++i) {
    if (const auto times = rewriting.apply(compiled_->rules[i])) rewritten.replaced.push_back({i, times});
  }
  rewritten.shortened = rewriting.shortened();
  rewritten.searched_bytes = rewriting.searched_bytes();
  rewritten.text = std::move(rewriting).take();
  return rewritten;
}

std::string_view RuleList::id(std::size_t rule) const noexcept {
  return compiled_->rules[rule].id;
}

std::size_t RuleList::size() const noexcept {
  return compiled_->rules.size();
}

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
// Rules that find patterns in texts, and replace what they find (SAFE-1, SAFE-4).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/result.h"
#include "libcore/steps/locators.h"
#include "libcore/steps/template.h"

namespace wstap::steps {

struct PatternSpec {
  /// RE2. Of a group named `secret`, `(?P<secret>...)`, only that is replaced, and the next match may begin
  /// right behind it, so that a border serves two finds; but not in a rest of the match of over 256 bytes.
  std::string pattern;
  Locator locator = nullptr;  ///< null: every match is valid
};

/// A rule as somebody wrote it.
struct RuleSpec {
  std::string id;
  std::vector<PatternSpec> patterns;  ///< applied one after the other
  std::string replacement;            ///< see Replacement::parse
};

/// Compiled rules. Copies share what was compiled; thread-safe.
///
/// Texts are any bytes. In one that is UTF-8 a pattern's characters are characters, and none is cut; in any
/// other they are bytes, unless the pattern names what only characters can be.
class RuleList {
 public:
  /// @param variables  the names of those that replacements may use.
  /// @error bad_pattern; bad_replacement, also for a group that one of the rule's patterns has not.
  ///   Error::detail begins with "rule 'ID': ".
  static Result<RuleList> compile(std::span<const RuleSpec> rules,
                                  std::span<const std::string> variables = {});

  struct Match {
    std::size_t rule = 0;  ///< index in the list
    TextSpan span;         ///< of its first find
    bool operator==(const Match&) const = default;
  };
  /// The rules that find something, in their order.
  std::vector<Match> matches(Bytes text) const;

  struct Replaced {
    std::size_t rule = 0;     ///< index in the list
    std::uint64_t times = 0;  ///< not 0
    bool operator==(const Replaced&) const = default;
  };
  struct Rewritten {
    std::string text;
    std::vector<Replaced> replaced;  ///< the rules that did; empty: the text is as it was
    /// The text would have become longer than `most_bytes`: what was found from there on was removed, with
    /// nothing in its place. Or there was too much to be found, and nothing is left; see TextScan.
    bool shortened = false;
    std::uint64_t searched_bytes = 0;  ///< see TextScan::searched_bytes
  };
  /// Applies rules in order, each to what the one before it left. Finds are replaced from left to right, and
  /// what stands in their place is not looked at again by the same pattern. A find that equals its
  /// replacement is none, so that what was rewritten stays as it is.
  Rewritten rewrite(Bytes text) const { return rewrite(text, longest(text.size()), {}); }
  /// @param variables  has what `has_all` wants.
  Rewritten rewrite(Bytes text, std::size_t most_bytes, const Variables& variables) const;
  /// All variables that replacements name have values.
  bool has_all(const Variables& variables) const noexcept;
  /// The longest that a text of so many bytes becomes, unless said otherwise.
  static constexpr std::size_t longest(std::size_t text_bytes) noexcept { return 2 * text_bytes + 64 * 1024; }

  std::string_view id(std::size_t rule) const noexcept;
  std::size_t size() const noexcept;

 private:
  struct Compiled;
  explicit RuleList(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace wstap::steps

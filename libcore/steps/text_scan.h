// SPDX-License-Identifier: Apache-2.0
// All finds of a pattern in a text, from left to right, without one over another.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/filter/pattern.h"
#include "libcore/steps/locators.h"

namespace wstap::steps {

/// A pattern for texts that need not be UTF-8. Where a text is, a character is a character, so that none is
/// ever cut. Where it is not, a character is a byte, so that a stray byte hides nothing from "[^x]*".
struct TextPattern {
  filter::Pattern characters;
  std::optional<filter::Pattern> bytes;  ///< none: it cannot be said of bytes (\p{Han}, [ぁ-ん], あ+)
  Locator locator = nullptr;             ///< null: every match is a find
  int secret = 0;                        ///< number of the group `secret`; 0: all of the match
  int groups = 0;

  /// @error bad_pattern
  static Result<TextPattern> compile(const std::string& pattern, Locator locator);
};

/// One search of RE2's is linear, but as many as there are matches are not: where the pattern has a match at
/// hand and hopes for a better one, each may read on to the end of the text. So the N-th search sees 16 times
/// the text's length divided by N, at least 512 bytes, and more only until there is some match: n log n in
/// all. A match that takes more than that to decide against a lesser one at the same place is not made after
/// many others.
class TextScan {
 public:
  /// @param text  outlives this.
  /// @param utf8  whether it is.
  /// @param highest_group  that `group` will be asked for.
  TextScan(const TextPattern& pattern, std::string_view text, bool utf8, int highest_group);

  /// Matches that were looked at, whether they are finds or not, until the scan gives up: a text that is made
  /// of little else would keep everybody waiting. With a locator, a quarter of this.
  static constexpr std::size_t kMostMatches = std::size_t{4} << 20;

  /// @return false when there is no further find. Where it gives up, nobody knows what else there is, and
  /// that counts as a find of no length.
  bool next();
  bool gave_up() const noexcept { return gave_up_; }
  /// What was found: the group `secret` or the match, as the locator has it.
  TextSpan found() const noexcept { return found_; }
  /// What a group of the match is; empty if it took no part.
  std::string_view group(int index) const noexcept;

  /// No more than this many bytes were looked at by the searches so far (each of which passes over them up to
  /// three times).
  std::uint64_t searched_bytes() const noexcept { return searched_bytes_; }

 private:
  bool search();
  TextSpan span_of(const re2::StringPiece& piece) const noexcept;
  std::size_t behind_character(std::size_t at) const noexcept;
  bool inside_character(std::size_t at) const noexcept;

  const TextPattern& pattern_;
  const std::string_view text_;
  const bool characters_;
  const re2::RE2& re2_;
  std::vector<re2::StringPiece> groups_;
  TextSpan found_;
  std::size_t at_ = 0;  ///< where the next search begins
  bool any_ = false;
  std::uint64_t searches_ = 0, searched_bytes_ = 0;
  bool gave_up_ = false;
};

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/text_scan.h"

#include <algorithm>

#include "libcore/base/utf8.h"
#include "libcore/steps/errors.h"

namespace wstap::steps {
namespace {

constexpr std::size_t kReachOfAll = 16;    // times the text, shared among the searches
constexpr std::size_t kLeastReach = 512;   // bytes that every search may see
constexpr std::size_t kLongCharacter = 4;  // bytes
// What a match has behind its find, such as the border of a number, is looked at again for the next; but not
// more than this of it.
constexpr std::size_t kLongestBorder = 256;

/// "(?i" and the like stand in it.
bool ignores_case(std::string_view pattern) noexcept {
  for (auto at = pattern.find("(?"); at != pattern.npos; at = pattern.find("(?", at + 1))
    if (pattern.substr(at + 2, pattern.find_first_not_of("imsU", at + 2) - at - 2).contains('i')) return true;
  return false;
}

/// Read byte by byte, the pattern would say something else: a class of characters that are several bytes, a
/// repetition of one, of which only the last byte would be repeated, or one whose case counts nothing.
bool means_characters(std::string_view pattern) noexcept {
  if (ignores_case(pattern) && std::ranges::any_of(pattern, [](char c) { return (c & 0x80) != 0; }))
    return true;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] == '\\') {
      if (next == 'p' || next == 'P') return true;
      ++i;
    } else if (static_cast<unsigned char>(pattern[i]) >= 0x80) {
      if (in_class || (next != '\0' && std::string_view("*+?{").find(next) != std::string_view::npos))
        return true;
    } else if (!in_class && pattern[i] == '[') {
      in_class = true;
      if (next == '^') ++i;
      if (pattern.substr(i + 1).starts_with(']')) ++i;  // the first bracket is one of the class
    } else if (in_class && pattern.substr(i).starts_with("[:")) {
      i = std::min(pattern.find(":]", i), pattern.size() - 2) + 1;
    } else if (pattern[i] == ']') {
      in_class = false;
    }
  }
  return false;
}

}  // namespace

Result<TextPattern> TextPattern::compile(const std::string& pattern, Locator locator) {
  auto characters = filter::Pattern::compile(pattern, filter::PatternText::utf8);
  if (!characters) return fail(Errc::bad_pattern, std::move(characters.error().detail));
  auto bytes = filter::Pattern::compile(pattern, filter::PatternText::bytes);
  int secret = 0;
  for (const auto& [number, name] : characters->re2().CapturingGroupNames()) {
    if (name != "secret") continue;
    if (secret != 0) return fail(Errc::bad_pattern, "more than one group is named secret");
    secret = number;
  }
  return TextPattern{.characters = *characters,
                     .bytes = bytes && !means_characters(pattern) ? std::optional(*bytes) : std::nullopt,
                     .locator = locator,
                     .secret = secret,
                     .groups = characters->re2().NumberOfCapturingGroups()};
}

TextScan::TextScan(const TextPattern& pattern, std::string_view text, bool utf8, int highest_group)
    : pattern_(pattern),
      text_(text),
      characters_(utf8 || !pattern.bytes),
      re2_(characters_ ? pattern.characters.re2() : pattern.bytes->re2()),
      groups_(static_cast<std::size_t>(std::max(pattern.secret, highest_group)) + 1) {}

bool TextScan::next() {
  while (at_ <= text_.size() && !gave_up_ && search()) {
    if (searches_ > (pattern_.locator ? kMostMatches / 4 : kMostMatches)) {
      gave_up_ = true;
      found_ = {at_, at_};
      return true;
    }
    const TextSpan match = span_of(groups_[0]);
    const auto& secret = groups_[static_cast<std::size_t>(pattern_.secret)];
    const TextSpan candidate = secret.data() ? span_of(secret) : match;
    const Located located = pattern_.locator ? pattern_.locator(text_, candidate) : Located{true, candidate};

    at_ = std::max(located.span.end, behind_character(match.begin));
    if (match.end > at_ + kLongestBorder) at_ = match.end;
    // Nothing is not found again where something just ended, nor between the bytes of a character.
    const bool nothing_new = located.span.size() == 0 && ((any_ && located.span.begin == found_.end) ||
                                                          inside_character(located.span.begin));
    if (!located.valid || nothing_new) continue;
    found_ = located.span;
    any_ = true;
    return true;
  }
  at_ = text_.size() + 1;
  return false;
}

std::string_view TextScan::group(int index) const noexcept {
  const auto& piece = groups_[static_cast<std::size_t>(index)];
  return {piece.data(), piece.size()};
}

bool TextScan::search() {
  const re2::StringPiece text(text_.data(), text_.size());
  const std::size_t rest = text_.size() - at_;
  std::size_t reach = std::max(kLeastReach, kReachOfAll * text_.size() / ++searches_);
  while (true) {
    const std::size_t end = at_ + std::min(reach, rest);
    const bool found =
        re2_.Match(text, at_, end, re2::RE2::UNANCHORED, groups_.data(), static_cast<int>(groups_.size()));
    searched_bytes_ += end - at_;
    if (end == text_.size()) return found;
    // A match that ends with what could be seen may be longer.
    if (found && span_of(groups_[0]).end + kLongCharacter < end) return true;
    reach *= 2;
  }
}

TextSpan TextScan::span_of(const re2::StringPiece& piece) const noexcept {
  const auto begin = static_cast<std::size_t>(piece.data() - text_.data());
  return {begin, begin + piece.size()};
}

bool TextScan::inside_character(std::size_t at) const noexcept {
  return characters_ && at < text_.size() && continues_character(text_[at]);
}

std::size_t TextScan::behind_character(std::size_t at) const noexcept {
  do ++at;
  while (inside_character(at));
  return at;
}

}  // namespace wstap::steps

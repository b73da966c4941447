// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/locators.h"

#include <algorithm>
#include <array>

#include "libcore/base/ascii.h"
#include "libcore/steps/validators.h"

namespace wstap::steps {
namespace {

// Of a find up to this long that is none, the next may overlap it; longer ones are stepped over, so that
// looking stays linear.
constexpr std::size_t kLooksAgain = 64;

Located none(TextSpan found) noexcept {
  return {false, {found.begin, found.size() <= kLooksAgain ? found.begin + 1 : found.end}};
}
Located all_of(TextSpan found) noexcept {
  return {true, found};
}

/// The byte at an index, which may be outside of the text.
char at(std::string_view text, std::size_t index) noexcept {
  return index < text.size() ? text[index] : '\0';
}
char before(std::string_view text, TextSpan span, std::size_t distance) noexcept {
  return span.begin >= distance ? text[span.begin - distance] : '\0';
}

/// Behind `mark` in front of it, or before one behind it, more digits stand.
bool digits_go_on(std::string_view text, TextSpan span, char mark) noexcept {
  return (before(text, span, 1) == mark && is_digit(before(text, span, 2))) ||
         (at(text, span.end) == mark && is_digit(at(text, span.end + 1)));
}

/// A blank and four digits that stand alone are before it or behind it: what is between them is three of four
/// groups, or more, of another number.
bool fours_go_on(std::string_view text, TextSpan span) noexcept {
  const auto are_four = [](std::string_view group, char blank, char beyond) {
    return blank == ' ' && std::ranges::all_of(group, is_digit) && !is_digit(beyond) && beyond != '-';
  };
  const bool left = span.begin >= 5 &&
                    are_four(text.substr(span.begin - 5, 4), before(text, span, 1), before(text, span, 6));
  const bool right = text.size() - span.end >= 5 &&
                     are_four(text.substr(span.end + 1, 4), text[span.end], at(text, span.end + 5));
  return left || right;
}

bool is_letter(char c) noexcept {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
bool is_word(char c) noexcept {
  return is_letter(c) || is_digit(c) || c == '_';
}

bool begins_with(std::string_view text, std::size_t index, std::string_view lower) noexcept {
  return text.size() - index >= lower.size() && iequals(text.substr(index, lower.size()), lower);
}

/// Behind what begins with `mark` and ends with the next that is not escaped; all of the text, where none is.
std::size_t behind_closing(std::string_view text, std::size_t begin, std::string_view mark) noexcept {
  for (auto end = text.find(mark, begin + mark.size()); end != text.npos; end = text.find(mark, end + 1))
    if (mark.size() > 1 || text[end - 1] != '\\') return end + mark.size();
  return text.size();
}

/// Where a line ends, or the string of JSON that it is in.
std::size_t end_of_line(std::string_view text, std::size_t begin) noexcept {
  std::size_t end = begin;
  while (end < text.size() && text[end] != '\n' && text[end] != '"' &&
         !(text[end] == '\\' && at(text, end + 1) == 'n'))
    ++end;
  return end;
}

/// Behind a comment, a string or a quoted name of SQL that begins at an index, written as it is or in a
/// string of JSON; else the index.
std::size_t behind_quiet(std::string_view text, std::size_t index) noexcept {
  const auto rest = text.substr(index);
  if (rest.starts_with("/*")) return std::min(text.find("*/", index + 2), text.size() - 2) + 2;
  if (rest.starts_with("--") || rest.starts_with('#')) return end_of_line(text, index);
  for (const std::string_view mark : {"'", "\\\"", "\"", "`"})
    if (rest.starts_with(mark)) return behind_closing(text, index, mark);
  return index;
}

/// No word goes on there; what is escaped, as in "\nwhere", is none.
bool begins_word(std::string_view text, std::size_t index) noexcept {
  return !is_word(text[index - 1]) || (index >= 2 && text[index - 2] == '\\');
}

/// The quote at an index ends a string of JSON that something follows as in JSON.
bool ends_json_string(std::string_view text, std::size_t index) noexcept {
  const auto skip_blanks = [&] {
    do ++index;
    while (is_blank(at(text, index)));
  };
  skip_blanks();
  if (at(text, index) == '}' || at(text, index) == ']') return true;
  if (at(text, index) != ',') return false;
  skip_blanks();
  return at(text, index) == '"' || at(text, index) == '{';
}

/// Groups of four and more, as cards have them printed; or every digit by itself, as forms have it.
bool grouped_as_a_card(std::string_view number) noexcept {
  std::size_t size = 0, smallest = number.size(), largest = 0;
  for (const char c : number) {
    if (is_digit(c)) {
      largest = std::max(largest, ++size);
    } else {  // the last group, which may be of a single digit, is not asked about
      smallest = std::min(smallest, size);
      size = 0;
    }
  }
  return smallest >= 3 || largest == 1;
}

}  // namespace

Located locate_luhn(std::string_view text, TextSpan found) noexcept {
  return luhn_holds(found.of(text)) ? all_of(found) : none(found);
}

Located locate_standing_alone(std::string_view text, TextSpan found) noexcept {
  return digits_go_on(text, found, '.') || digits_go_on(text, found, '-') ? none(found) : all_of(found);
}

Located locate_my_number(std::string_view text, TextSpan found) noexcept {
  if (!my_number_holds(found.of(text)) || !locate_standing_alone(text, found).valid) return none(found);
  const bool spaced = found.of(text).find(' ') != std::string_view::npos;
  return spaced && fours_go_on(text, found) ? none(found) : all_of(found);
}

Located locate_card(std::string_view text, TextSpan found) noexcept {
  TextSpan card = found;
  while (true) {
    const std::string_view number = card.of(text);
    if (luhn_holds(number) && has_card_issuer(number) && grouped_as_a_card(number) &&
        !digits_go_on(text, card, '.')) {
      return all_of(card);
    }
    const std::size_t last_group = number.find_last_of(" -");
    if (last_group == std::string_view::npos) return none(found);
    card.end = card.begin + last_group;
  }
}

Located locate_email(std::string_view text, TextSpan found) noexcept {
  const std::string_view address = found.of(text);
  const std::string_view domain = address.substr(address.rfind('@') + 1);
  const std::size_t dot = domain.find('.');
  const bool scale = dot != std::string_view::npos && dot >= 2 && ascii_lower(domain[dot - 1]) == 'x' &&
                     std::ranges::all_of(domain.substr(0, dot - 1), is_digit);
  if (!scale) return all_of(found);
  constexpr std::array<std::string_view, 8> kPictures = {"png",  "jpg", "jpeg", "gif",
                                                         "webp", "svg", "avif", "ico"};
  return std::ranges::any_of(kPictures, [&](auto ending) { return iequals(domain.substr(dot + 1), ending); })
             ? none(found)
             : all_of(found);
}

Located locate_token(std::string_view text, TextSpan found) noexcept {
  constexpr std::size_t kFewest = 8, kLongerThanWords = 24;
  const std::string_view token = found.of(text);
  const bool has_digit = std::ranges::any_of(token, is_digit);
  const bool is_token = token.size() >= kLongerThanWords || (token.size() >= kFewest && has_digit);
  // Never looked at again in part: the end of a token is no token.
  return is_token ? all_of(found) : Located{false, found};
}

Located locate_pem_block(std::string_view text, TextSpan found) noexcept {
  const std::string_view block = found.of(text);
  constexpr std::string_view kLineEnd = "----";
  const std::size_t body = block.find(kLineEnd, block.find("KEY")) + kLineEnd.size();
  if (block.find("END", body) != std::string_view::npos && block.ends_with(kLineEnd)) return all_of(found);
  std::size_t end = body;
  const auto of_a_key = [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view("+/=:,\\ \t\r\n-").find(c) != std::string_view::npos;
  };
  while (end < block.size() && of_a_key(block[end])) ++end;
  return all_of({found.begin, found.begin + end});
}

Located locate_statement_without_where(std::string_view text, TextSpan found) noexcept {
  for (std::size_t i = found.end; i < text.size();) {
    if (text[i] == ';') return all_of({found.begin, i});
    if (text[i] == '"' && text[i - 1] != '\\' && ends_json_string(text, i)) return all_of({found.begin, i});
    if (begins_with(text, i, "where") && begins_word(text, i) && !is_word(at(text, i + 5)))
      return {false, {found.begin, i}};
    i = std::max(behind_quiet(text, i), i + 1);
  }
  return all_of({found.begin, text.size()});
}

std::span<const NamedLocator> all_validators() noexcept {
  static constexpr std::array<NamedLocator, 3> kNamed = {{
      {"luhn", locate_luhn, "its last digit is the check digit of ISO/IEC 7812-1"},
      {"credit-card", locate_card, "the same, and it begins as cards of some issuer do"},
      {"japan-my-number", locate_my_number, "twelve digits with the check digit of individual numbers"},
  }};
  return kNamed;
}

const NamedLocator* find_validator(std::string_view name) noexcept {
  const auto found = std::ranges::find(all_validators(), name, &NamedLocator::name);
  return found == all_validators().end() ? nullptr : &*found;
}

}  // namespace wstap::steps

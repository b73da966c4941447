// SPDX-License-Identifier: Apache-2.0
// What a pattern cannot say: whether what it found is what was looked for, and where exactly it is. RE2 has
// no look-around, so a locator sees the text around the find too.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace wstap::steps {

struct TextSpan {
  std::size_t begin = 0, end = 0;  ///< bytes of the text

  std::size_t size() const noexcept { return end - begin; }
  std::string_view of(std::string_view text) const noexcept { return text.substr(begin, size()); }
  bool operator==(const TextSpan&) const = default;
};

struct Located {
  bool valid = false;
  TextSpan span;  ///< what is to be replaced; if not valid, its end is where to look on
};

/// `found` is what the pattern's group `secret` matched, or all of its match. What is returned begins in it,
/// and may end before or behind it.
using Locator = Located (*)(std::string_view text, TextSpan found);

Located locate_luhn(std::string_view text, TextSpan found) noexcept;       ///< luhn_holds
Located locate_my_number(std::string_view text, TextSpan found) noexcept;  ///< and no part of a longer number

/// Of groups of digits, the most from the first on that are a card's number. None where they go on as
/// a decimal fraction, or are grouped as nobody does it.
Located locate_card(std::string_view text, TextSpan found) noexcept;

/// It is no part of a longer number: of a fraction, or of one that hyphens join.
Located locate_standing_alone(std::string_view text, TextSpan found) noexcept;

/// Not "logo@2x.png", which is a picture for screens of twice the resolution.
Located locate_email(std::string_view text, TextSpan found) noexcept;

/// Long enough, and with a digit unless it is longer than words are.
Located locate_token(std::string_view text, TextSpan found) noexcept;

/// Up to its END line; without one, as far as the key's own characters go.
Located locate_pem_block(std::string_view text, TextSpan found) noexcept;

/// From the find to the end of the SQL statement, which has no WHERE. It ends at a semicolon, or where the
/// JSON string around it does.
Located locate_statement_without_where(std::string_view text, TextSpan found) noexcept;

/// Those that rules of users can name.
struct NamedLocator {
  std::string_view name;
  Locator locator;
  std::string_view meaning;  ///< one line for people
};
std::span<const NamedLocator> all_validators() noexcept;
/// Null: there is none of this name.
const NamedLocator* find_validator(std::string_view name) noexcept;

}  // namespace wstap::steps

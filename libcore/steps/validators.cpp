// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/validators.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "libcore/base/ascii.h"

namespace wstap::steps {
namespace {

constexpr std::size_t kMostDigits = 64;

/// The digits of a number, without what groups them.
class Digits {
 public:
  /// None: there is something else, or too many.
  static std::optional<Digits> of(std::string_view number) noexcept {
    Digits digits;
    for (const char c : number) {
      if (c == ' ' || c == '-') continue;
      if (!is_digit(c) || digits.count_ == kMostDigits) return std::nullopt;
      digits.digit_[digits.count_++] = static_cast<std::uint8_t>(c - '0');
    }
    return digits;
  }
  std::size_t count() const noexcept { return count_; }
  unsigned from_left(std::size_t index) const noexcept { return digit_[index]; }
  unsigned from_right(std::size_t index) const noexcept { return digit_[count_ - 1 - index]; }

 private:
  std::array<std::uint8_t, kMostDigits> digit_{};
  std::size_t count_ = 0;
};

/// Numbers that begin with something between `first` and `last`, and have `fewest` to `most` digits.
struct IssuerRange {
  unsigned first, last, prefix_digits;
  std::size_t fewest, most;
};

constexpr std::array kIssuers = {
    IssuerRange{4, 4, 1, 13, 13},           IssuerRange{4, 4, 1, 16, 16},        // Visa
    IssuerRange{4, 4, 1, 19, 19},                                                //
    IssuerRange{51, 55, 2, 16, 16},         IssuerRange{2221, 2720, 4, 16, 16},  // Mastercard
    IssuerRange{34, 34, 2, 15, 15},         IssuerRange{37, 37, 2, 15, 15},      // American Express
    IssuerRange{36, 36, 2, 14, 19},         IssuerRange{38, 39, 2, 14, 19},      // Diners Club
    IssuerRange{300, 305, 3, 14, 19},       IssuerRange{3095, 3095, 4, 14, 19},  //
    IssuerRange{3528, 3589, 4, 16, 19},                                          // JCB
    IssuerRange{60, 60, 2, 16, 19},         IssuerRange{644, 649, 3, 16, 19},    // Discover, RuPay
    IssuerRange{65, 65, 2, 16, 19},                                              //
    IssuerRange{508, 508, 3, 16, 16},       IssuerRange{82, 82, 2, 16, 16},      // RuPay
    IssuerRange{62, 62, 2, 16, 19},         IssuerRange{81, 81, 2, 16, 19},      // UnionPay
    IssuerRange{2200, 2204, 4, 16, 19},                                          // Mir
    IssuerRange{5018, 5018, 4, 13, 19},     IssuerRange{5020, 5020, 4, 13, 19},  // Maestro
    IssuerRange{5038, 5038, 4, 13, 19},     IssuerRange{5893, 5893, 4, 13, 19},  //
    IssuerRange{6304, 6304, 4, 13, 19},     IssuerRange{67, 67, 2, 13, 19},      //
    IssuerRange{979200, 979289, 6, 16, 16},                                      // Troy
};

}  // namespace

bool luhn_holds(std::string_view number) noexcept {
  const auto digits = Digits::of(number);
  if (!digits || digits->count() < 2) return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits->count(); ++i) {
    const unsigned digit = digits->from_right(i);
    const unsigned doubled = digit * 2;
    sum += i % 2 == 0 ? digit : doubled / 10 + doubled % 10;
  }
  return sum % 10 == 0;
}

bool my_number_holds(std::string_view number) noexcept {
  const auto digits = Digits::of(number);
  if (!digits || digits->count() != 12) return false;
  unsigned sum = 0;
  for (unsigned n = 1; n <= 11; ++n) sum += digits->from_right(n) * (n <= 6 ? n + 1 : n - 5);
  const unsigned remainder = sum % 11;
  return digits->from_right(0) == (remainder <= 1 ? 0 : 11 - remainder);
}

bool has_card_issuer(std::string_view number) noexcept {
  const auto digits = Digits::of(number);
  if (!digits) return false;
  return std::ranges::any_of(kIssuers, [&](const IssuerRange& range) {
    if (digits->count() < range.fewest || digits->count() > range.most) return false;
    unsigned prefix = 0;
    for (std::size_t i = 0; i < range.prefix_digits; ++i) prefix = prefix * 10 + digits->from_left(i);
    return prefix >= range.first && prefix <= range.last;
  });
}

}  // namespace wstap::steps

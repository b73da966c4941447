// SPDX-License-Identifier: Apache-2.0
// Output presets of what identifies people: cards, addresses, numbers.
#include "libcore/steps/preset_patterns.h"

namespace wstap::steps {
namespace {

// Between the parts of a telephone number: hyphens as people type them on Japanese keyboards, spaces,
// brackets.
const std::string kPart = "(?:[- ()]|‐|‑|–|−|ー|－|　|（|）){0,2}";

/// The digits behind the leading 0, or behind +81, in each of the ways to cut them. Longer ones first: the
/// first that ends at a border is taken.
std::string telephone_digits(const std::string& behind_area_code = kPart) {
  const auto parts = [&](const std::string& first, const std::string& second, const std::string& third) {
    return first + behind_area_code + second + kPart + third;
  };
  return "(?:" + parts("[25-9]0", R"(\d{4})", R"(\d{4})") +        // mobile, IP
         "|" + parts("800", R"(\d{3})", R"(\d{4})") +              // toll-free
         "|" + parts("(?:120|570|990)", R"(\d{3})", R"(\d{3})") +  // toll-free, shared, paid
         "|" + parts("[1-9]", R"(\d{4})", R"(\d{4})") +            // fixed; area codes of 2 to 5 digits
         "|" + parts(R"([1-9]\d)", R"(\d{3})", R"(\d{4})") +       //
         "|" + parts(R"([1-9]\d{2})", R"(\d{2})", R"(\d{4})") +    //
         "|" + parts(R"([1-9]\d{3})", R"(\d)", R"(\d{4})") + ")";
}

}  // namespace

std::vector<PatternSpec> credit_card_patterns() {
  // As many digits as there may be; the locator leaves off groups behind them ("... 1111 12/29").
  return {{kBegin + R"re((?P<secret>\d(?:[ -]?\d){12,18})\b)re", locate_card}};
}

std::vector<PatternSpec> japan_my_number_patterns() {
  return {{kBegin + R"re((?P<secret>\d{12}|\d{4}(?:-\d{4}-| \d{4} )\d{4})\b)re", locate_my_number}};
}

std::vector<PatternSpec> japan_phone_patterns() {
  const std::string digits = telephone_digits();
  return {
      // The plus sign is no word character, so that a border in front of it says nothing, and needs not.
      {R"re((?P<secret>(?:\+|%2[Bb])81)re" + kPart + R"re((?:\(?0\)?)?)re" + kPart + digits + R"re()\b)re",
       locate_standing_alone},
      // An opening bracket only together with the closing one.
      {R"re((?P<secret>(?:\(|（)0)re" + telephone_digits(R"re((?:\)|）))re" + kPart) + R"re()\b)re",
       locate_standing_alone},
      {kBegin + R"re((?P<secret>0)re" + digits + R"re()\b)re", locate_standing_alone},
  };
}

std::vector<PatternSpec> email_patterns() {
  // What RFC 5322 allows in front of the '@' and nobody has (quotes, '!', '/', '=') would swallow the
  // "to=" and the quotes of the text around it. '@' may be escaped, as in URLs and in JSON.
  return {{kBegin + R"re((?P<secret>[A-Za-z0-9_][A-Za-z0-9._%+-]*(?:@|%40|\\u0040))re" +
               R"re((?:[A-Za-z0-9][A-Za-z0-9-]*\.)+(?:xn--[A-Za-z0-9-]{1,59}|[A-Za-z]{2,63}))\b)re",
           locate_email}};
}

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
#include "formats/rfc3339.h"

#include <chrono>

namespace wstap::formats {
namespace {

/// Writes `value` in decimal, so that its last digit stands before `end`.
void write_digits(std::string& text, std::size_t end, std::size_t digits, std::int64_t value) {
  for (; digits > 0; --digits, value /= 10) text[--end] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string rfc3339(UnixNs time) {
  using namespace std::chrono;
  // Whole seconds first: the earliest times' days begin before what nanoseconds can say.
  constexpr UnixNs kSecond = 1'000'000'000;
  const UnixNs fraction = (time % kSecond + kSecond) % kSecond;
  const sys_seconds second{seconds(time / kSecond - (time % kSecond < 0 ? 1 : 0))};
  const sys_days day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);

  std::string text = "yyyy-mm-ddThh:mm:ss.nnnnnnnnnZ";
  write_digits(text, 4, 4, static_cast<int>(date.year()));
  write_digits(text, 7, 2, static_cast<unsigned>(date.month()));
  write_digits(text, 10, 2, static_cast<unsigned>(date.day()));
  write_digits(text, 13, 2, clock.hours().count());
  write_digits(text, 16, 2, clock.minutes().count());
  write_digits(text, 19, 2, clock.seconds().count());
  write_digits(text, 29, 9, fraction);
  return text;
}

}  // namespace wstap::formats

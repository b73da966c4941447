// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/rfc3339.h"

#include <chrono>
#include <limits>

#include "libcore/base/ascii.h"

namespace wstap {
namespace {

/// Writes `value` in decimal, so that its last digit stands before `end`.
void write_digits(std::string& text, std::size_t end, std::size_t digits, std::int64_t value) {
  for (; digits > 0; --digits, value /= 10) text[--end] = static_cast<char>('0' + value % 10);
}

/// Reads a text from the front.
class Front {
 public:
  explicit Front(std::string_view text) : rest_(text) {}
  bool empty() const noexcept { return rest_.empty(); }
  bool skip(char expected) {
    if (!next_is(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly so many digits, of a number in these bounds.
  std::optional<int> number(std::size_t digits, int least, int most) {
    const auto value =
        rest_.size() < digits ? std::nullopt : parse_decimal<unsigned>(rest_.substr(0, digits));
    if (!value || static_cast<int>(*value) < least || static_cast<int>(*value) > most) return std::nullopt;
    rest_.remove_prefix(digits);
    return static_cast<int>(*value);
  }
  /// One to nine digits behind a decimal point.
  std::optional<UnixNs> nanoseconds() {
    UnixNs value = 0, unit = 1'000'000'000;
    while (!rest_.empty() && is_digit(rest_.front()) && unit > 1) {
      value += (rest_.front() - '0') * (unit /= 10);
      rest_.remove_prefix(1);
    }
    return unit == 1'000'000'000 ? std::nullopt : std::optional(value);
  }

 private:
  bool next_is(char c) const noexcept {
    return !rest_.empty() && ascii_lower(rest_.front()) == ascii_lower(c);
  }
  std::string_view rest_;
};

std::optional<std::chrono::sys_days> read_date(Front& text) {
  const auto year = text.number(4, 0, 9999);
  if (!year || !text.skip('-')) return std::nullopt;
  const auto month = text.number(2, 1, 12);
  if (!month || !text.skip('-')) return std::nullopt;
  const auto day = text.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional<std::chrono::sys_days>(date) : std::nullopt;
}

/// "hh:mm", in minutes.
std::optional<int> read_minutes(Front& text) {
  const auto hours = text.number(2, 0, 23);
  if (!hours || !text.skip(':')) return std::nullopt;
  const auto minutes = text.number(2, 0, 59);
  return minutes ? std::optional(*hours * 60 + *minutes) : std::nullopt;
}

}  // namespace

std::optional<UnixNs> parse_rfc3339(std::string_view written) {
  using std::chrono::seconds;
  Front text(written);
  const auto day = read_date(text);
  if (!day) return std::nullopt;
  seconds time = day->time_since_epoch();
  UnixNs fraction = 0;
  if (text.skip('T') || text.skip(' ')) {
    const auto minutes = read_minutes(text);
    if (!minutes) return std::nullopt;
    time += std::chrono::minutes(*minutes);
    if (text.skip(':')) {
      const auto second = text.number(2, 0, 60);  // 60: a leap second, which UNIX time counts as the next
      if (!second) return std::nullopt;
      time += seconds(*second);
      if (text.skip('.')) {
        const auto read = text.nanoseconds();
        if (!read) return std::nullopt;
        fraction = *read;
      }
    }
    const bool east = text.skip('+');
    if (east || text.skip('-')) {
      const auto ahead = read_minutes(text);
      if (!ahead) return std::nullopt;
      time -= std::chrono::minutes(east ? *ahead : -*ahead);
    } else {
      text.skip('Z');
    }
  }
  constexpr UnixNs kLast = std::numeric_limits<UnixNs>::max() / 1'000'000'000 - 1;
  if (!text.empty() || time.count() > kLast || time.count() < -kLast) return std::nullopt;
  return time.count() * 1'000'000'000 + fraction;
}

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

}  // namespace wstap

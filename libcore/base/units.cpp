// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/units.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "libcore/base/ascii.h"

namespace wstap {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: the first that divides a value is the one to write it with.
constexpr std::array kSizeUnits = {Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}};
constexpr std::array kDurationUnits = {Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                       Unit{"ms", 1}};

/// Takes the digits at the front of `text` off it.
std::string_view take_digits(std::string_view& text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(digits.size());
  return digits;
}

/// @return nothing on overflow.
std::optional<std::uint64_t> product(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  if (!a || !b) return std::nullopt;
  if (*b != 0 && *a > std::numeric_limits<std::uint64_t>::max() / *b) return std::nullopt;
  return *a * *b;
}

std::optional<std::uint64_t> size_factor(std::string_view unit) {
  if (unit.empty() || iequals(unit, "B")) return 1;
  for (const auto& each : kSizeUnits)
    if (iequals(unit, each.name) || iequals(unit, each.name.substr(0, 1))) return each.factor;
  return std::nullopt;
}

std::optional<std::uint64_t> duration_factor(std::string_view unit) {
  if (unit.empty()) return 1'000;
  for (const auto& each : kDurationUnits)
    if (unit == each.name) return each.factor;
  return std::nullopt;
}

/// What the digits behind the point mean: of 1000, "25" is 250.
/// @return nothing when that is no whole number.
std::optional<std::uint64_t> part_of(std::uint64_t factor, std::string_view digits) {
  constexpr std::size_t kMostDigits = 12;  // times the milliseconds of an hour they fit into 64 bits
  const auto fraction = parse_decimal<std::uint64_t>(digits);
  if (!fraction || digits.size() > kMostDigits) return std::nullopt;
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) scale *= 10;
  const std::uint64_t scaled = factor * *fraction;
  if (scaled % scale != 0) return std::nullopt;
  return scaled / scale;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text == "off") return 0;
  const auto number = parse_decimal<std::uint64_t>(take_digits(text));
  return product(number, size_factor(text));
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& unit : kSizeUnits)
    if (bytes != 0 && bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  return std::to_string(bytes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "off") return std::chrono::milliseconds(0);
  const auto number = parse_decimal<std::uint64_t>(take_digits(text));
  std::string_view digits = "0";
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits = take_digits(text);
  }
  const auto factor = duration_factor(text);
  const auto whole = product(number, factor);
  // A year is more than anybody waits, and far from overflowing a clock.
  constexpr std::uint64_t kLongest = 366ULL * 24 * 3'600'000;
  if (!whole || *whole > kLongest) return std::nullopt;
  const auto part = part_of(*factor, digits);
  if (!part || *whole + *part > kLongest) return std::nullopt;
  return std::chrono::milliseconds(*whole + *part);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto value = static_cast<std::uint64_t>(duration.count());
  if (value == 0) return "off";
  for (const auto& unit : kDurationUnits)
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  return fmt::format("{}ms", value);
}

std::string format_duration_ns(std::int64_t duration_ns) {
  return format_duration(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(duration_ns)));
}

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
#include "cmd/values.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "libcore/base/ascii.h"

namespace wstap::cmd {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: the first that divides a value is the one to write it with.
constexpr std::array kSizeUnits = {Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}};
constexpr std::array kDurationUnits = {Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                       Unit{"ms", 1}};

/// Digits, then a unit whose factor `factor_of` knows. @return nothing for anything else, and on overflow.
template <class FactorOf>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, FactorOf factor_of) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal<std::uint64_t>(text.substr(0, end));
  const std::optional<std::uint64_t> factor = factor_of(text.substr(end));
  if (!number || !factor) return std::nullopt;
  if (*number > std::numeric_limits<std::uint64_t>::max() / *factor) return std::nullopt;
  return *number * *factor;
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

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text == "off") return 0;
  return parse_with_unit(text, size_factor);
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& unit : kSizeUnits)
    if (bytes != 0 && bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  return std::to_string(bytes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "off") return std::chrono::milliseconds(0);
  const auto value = parse_with_unit(text, duration_factor);
  // A year is more than anybody waits, and far from overflowing a clock.
  constexpr std::uint64_t kLongest = 366ULL * 24 * 3'600'000;
  if (!value || *value > kLongest) return std::nullopt;
  return std::chrono::milliseconds(*value);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto value = static_cast<std::uint64_t>(duration.count());
  if (value == 0) return "off";
  for (const auto& unit : kDurationUnits)
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  return fmt::format("{}ms", value);
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/nearest.h"

#include <algorithm>
#include <vector>

#include "libcore/base/ascii.h"

namespace wstap {
namespace {

constexpr std::size_t kLongest = 64;  // bytes of a name that is looked at

/// Optimal string alignment distance, case aside.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  const auto same = [](char x, char y) { return ascii_lower(x) == ascii_lower(y); };
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view typed, std::span<const std::string_view> names) {
  if (typed.size() > kLongest) return {};
  std::string_view best;
  std::size_t fewest = typed.size() < 4   ? 2
                       : typed.size() < 8 ? 3
                                          : 4;  // one less is still an error of typing
  for (const auto name : names) {
    if (name.size() > kLongest) continue;
    const std::size_t steps = distance(typed, name);
    if (steps >= fewest) continue;
    fewest = steps;
    best = name;
  }
  return best;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> names) {
  const auto name = nearest(typed, names);
  return name.empty() ? std::string() : " (did you mean '" + std::string(name) + "'?)";
}

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// So many a second, kept on the average (LIM-5). No clock: times are nanoseconds since whenever.
#pragma once

#include <algorithm>
#include <cstdint>

namespace wstap::pipeline {

/// A bucket of tokens, known by when it will be full again: a second's worth may pass at once, and at least
/// one.
class Rate {
 public:
  /// How long until one more may pass; 0: it may now. @param per_second  0: any number may.
  std::int64_t wait_ns(double per_second, std::int64_t now) const noexcept {
    if (per_second == 0) return 0;
    const auto each = time_for(1, per_second);
    return std::max<std::int64_t>(0, std::max(full_at_, now) - now + each - std::max(each, kSecond));
  }
  /// So many passed. More than were there is a debt, which the next ones wait for.
  void charge(double per_second, std::uint64_t count, std::int64_t now) noexcept {
    if (per_second != 0) full_at_ = std::max(full_at_, now) + time_for(count, per_second);
  }
  /// So many did not pass after all.
  void give_back(double per_second, std::uint64_t count) noexcept {
    if (per_second != 0) full_at_ -= time_for(count, per_second);
  }
  /// As if nothing had ever passed.
  bool is_full(std::int64_t now) const noexcept { return full_at_ <= now; }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr double kLongest = 1e18;  // 30 years

  static std::int64_t time_for(std::uint64_t count, double per_second) noexcept {
    return static_cast<std::int64_t>(
        std::min(kLongest, static_cast<double>(count) * static_cast<double>(kSecond) / per_second));
  }

  std::int64_t full_at_ = 0;
};

}  // namespace wstap::pipeline

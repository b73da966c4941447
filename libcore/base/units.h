// SPDX-License-Identifier: Apache-2.0
// Sizes and durations as people write them: "64KiB", "16M", "500ms", "1.5s", "off".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wstap {

/// A number of bytes with an optional unit: K, M, G or KiB, MiB, GiB (powers of 1024), B. Case does not
/// count.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// The shortest form that parse_size reads back: "16MiB".
std::string format_size(std::uint64_t bytes);

/// A number, which may have a fraction, with a unit: ms, s, m, h (no unit: seconds). "off" and "0" are zero.
/// @return nothing also for what is no whole number of milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest form that parse_duration reads back: "500ms", "off".
std::string format_duration(std::chrono::milliseconds duration);
/// The same, of whole milliseconds in nanoseconds.
std::string format_duration_ns(std::int64_t duration_ns);

}  // namespace wstap

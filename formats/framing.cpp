// SPDX-License-Identifier: Apache-2.0
#include "formats/framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "formats/errors.h"

namespace wstap::formats {
namespace {

constexpr std::uint32_t kMaxSegments = 512;

std::uint32_t load_le(Bytes in, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, in.data() + at, sizeof value);
  return value;
}

}  // namespace

Result<std::size_t> bytes_needed(Bytes in, std::size_t max_bytes) {
  // The table: how many segments beyond the first, the length of each in words, padding to a whole word.
  std::array<std::byte, 4> start{};
  std::copy_n(in.begin(), std::min(in.size(), start.size()), start.begin());
  const auto further = std::bit_cast<std::uint32_t>(start);
  if (further >= kMaxSegments)
    return fail(Errc::corrupt, fmt::format("{} segments", std::uint64_t{further} + 1));
  const std::size_t table = (4 + 4 * (std::size_t{further} + 1) + 7) / 8 * 8;
  if (in.size() < table) return table;
  std::uint64_t words = 0;
  for (std::size_t i = 0; i <= further; ++i) words += load_le(in, 4 + i * 4);
  const std::uint64_t total = table + words * 8;
  if (words == 0) return fail(Errc::corrupt, "an empty message");
  if (total > max_bytes) return fail(Errc::record_too_large, fmt::format("{} bytes", total));
  return static_cast<std::size_t>(total);
}

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/burst_pieces.h"

#include <algorithm>

namespace wstap::pipeline {
namespace {

constexpr std::size_t kMostRaw = 20U << 20;
constexpr std::size_t kMostMarks = 32 * 1024;

std::uint32_t begin_of(const Burst& burst, std::uint32_t frame) noexcept {
  return frame == 0 ? 0 : burst.ends[frame - 1];
}

Result<void> tell_piece(Tap& tap, const Burst& burst, std::uint32_t from, std::uint32_t to) {
  const std::uint32_t begin = begin_of(burst, from);
  Burst piece = burst;
  piece.first_sequence = burst.first_sequence + from;
  piece.raw = burst.raw.subspan(begin, burst.ends[to - 1] - begin);
  std::vector<std::uint32_t> ends(burst.ends.begin() + from, burst.ends.begin() + to);
  for (auto& end : ends) end -= begin;
  piece.ends = ends;
  const auto first = std::ranges::lower_bound(burst.marks, from, {}, &Mark::frame);
  const auto last = std::ranges::lower_bound(burst.marks, to, {}, &Mark::frame);
  std::vector<Mark> marks(first, last);
  for (auto& mark : marks) mark.frame -= from;
  piece.marks = marks;
  return tap.burst(piece);
}

}  // namespace

Result<void> tell_in_pieces(Tap& tap, const Burst& burst, std::uint32_t from, std::uint32_t to) {
  if (to <= from) return {};
  const bool whole = from == 0 && to == burst.ends.size();
  if (whole && burst.raw.size() <= kMostRaw && burst.marks.size() <= kMostMarks) return tap.burst(burst);
  while (from < to) {
    std::uint32_t end = from + 1;
    while (end < to && end - from < kMostMarks && burst.ends[end] - begin_of(burst, from) <= kMostRaw) ++end;
    if (auto told = tell_piece(tap, burst, from, end); !told) return told;
    from = end;
  }
  return {};
}

}  // namespace wstap::pipeline

// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/burst_pieces.h"

namespace wstap::pipeline {
namespace {

constexpr std::size_t kMostRaw = 20U << 20;
constexpr std::size_t kMostMarks = 32 * 1024;

}  // namespace

Result<void> tell_in_pieces(Tap& tap, const Burst& burst) {
  if (burst.raw.size() <= kMostRaw && burst.marks.size() <= kMostMarks) return tap.burst(burst);
  std::uint32_t from = 0, begin = 0;
  auto mark = burst.marks.begin();
  while (from < burst.ends.size()) {
    std::uint32_t to = from + 1;
    while (to < burst.ends.size() && to - from < kMostMarks && burst.ends[to] - begin <= kMostRaw) ++to;
    const std::uint32_t end = burst.ends[to - 1];
    Burst piece = burst;
    piece.first_sequence = burst.first_sequence + from;
    piece.raw = burst.raw.subspan(begin, end - begin);
    std::vector<std::uint32_t> ends(burst.ends.begin() + from, burst.ends.begin() + to);
    for (auto& each : ends) each -= begin;
    piece.ends = ends;
    std::vector<Mark> marks;
    for (; mark != burst.marks.end() && mark->frame < to; ++mark) marks.push_back(*mark);
    for (auto& each : marks) each.frame -= from;
    piece.marks = marks;
    if (auto told = tap.burst(piece); !told) return told;
    from = to;
    begin = end;
  }
  return {};
}

}  // namespace wstap::pipeline

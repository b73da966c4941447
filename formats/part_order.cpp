// SPDX-License-Identifier: Apache-2.0
#include "formats/part_order.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/base/hex.h"

namespace wstap::formats {
namespace {

constexpr std::size_t kShownOfId = 4;

/// What is not there of the parts after `last` and before `part`; empty where some of them are.
std::string missing(const std::map<std::uint32_t, bool>& parts, std::uint32_t last, std::uint32_t part) {
  const auto next = parts.upper_bound(last);
  if (next != parts.end() && next->first < part) return {};
  if (part - last == 2) return fmt::format(": part {} is missing", last + 1);
  return fmt::format(": parts {} to {} are missing", last + 1, part - 1);
}

}  // namespace

std::string PartOrder::observe(const Header& header) {
  const std::uint32_t part = header.part;
  const bool at_once = std::exchange(current_, header.capture_id) == header.capture_id;
  if (header.capture_id == CaptureId{}) return {};  // it has no name to know it by
  const bool known = captures_.contains(header.capture_id);
  Capture& capture = captures_[header.capture_id];
  const std::uint32_t last = std::exchange(capture.last, part);
  const auto [read, is_new] = capture.parts.try_emplace(part, false);
  std::string wrong;
  if (known) {
    if (!is_new) {
      if (!std::exchange(read->second, true)) wrong = "comes a second time (give each part once)";
    } else if (part != last + 1) {
      const auto gap = part > last ? missing(capture.parts, last, part) : std::string();
      wrong = fmt::format("follows part {}{} (give all parts in order)", last, gap);
    } else if (!at_once) {
      wrong = fmt::format(
          "does not follow part {} at once, and does not go on with it (give all parts in order)", last);
    }
  }
  if (wrong.empty()) return wrong;
  return fmt::format("part {} of capture {}... {}", part, to_hex(Bytes(header.capture_id).first(kShownOfId)),
                     wrong);
}

}  // namespace wstap::formats

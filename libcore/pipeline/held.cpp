// SPDX-License-Identifier: Apache-2.0
#include "libcore/pipeline/held.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace wstap::pipeline {
namespace {

template <class Number>
bool read_all(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string to_text(HeldId id) {
  return fmt::format("{}:{}", id.flow, id.sequence);
}

std::optional<HeldId> held_id_of(std::string_view text) {
  const auto colon = text.find(':');
  HeldId id;
  if (colon == std::string_view::npos || !read_all(text.substr(0, colon), id.flow) ||
      !read_all(text.substr(colon + 1), id.sequence))
    return std::nullopt;
  return id;
}

std::string_view name(Review::Action action) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"release", "drop", "modify_and_forward", "send_raw"};
  return kNames[static_cast<std::size_t>(action)];
}

std::string_view name(ReviewAnswer::Result result) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "late", "refused"};
  return kNames[static_cast<std::size_t>(result)];
}

}  // namespace wstap::pipeline

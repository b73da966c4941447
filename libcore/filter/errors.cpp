// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/utf8.h"

namespace wstap::filter {
namespace {

const char* text(Errc e) {
  switch (e) {
    case Errc::syntax: return "cannot be read";
    case Errc::unknown_name: return "unknown name";
    case Errc::wrong_type: return "does not fit";
    case Errc::bad_pattern: return "bad pattern";
    case Errc::too_complex: return "too complex";
  }
  return "unknown";
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "filter"; }
  std::string message(int value) const override { return text(static_cast<Errc>(value)); }
};

constexpr std::size_t kShownBefore = 60, kShownBehind = 40;  // bytes of a long expression around the place

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

}  // namespace

const std::error_category& category() noexcept {
  static const Category instance;
  return instance;
}

std::string explain(std::string_view expression, const Error& error) {
  const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(error.offset, expression.size()));
  std::size_t begin = at > kShownBefore ? at - kShownBefore : 0;
  std::size_t end = std::min(expression.size(), at + kShownBehind);
  while (begin > 0 && continues_character(expression[begin])) --begin;
  while (end < expression.size() && continues_character(expression[end])) ++end;

  // One column a character, so that the mark stands under its place.
  std::string shown = begin > 0 ? "..." : "";
  const std::size_t indent = shown.size() + characters(expression.substr(begin, at - begin));
  for (const char c : expression.substr(begin, end - begin))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (end < expression.size()) shown += "...";
  return fmt::format("column {}: {}\n  {}\n  {:>{}}", characters(expression.substr(0, at)) + 1, error.text(),
                     shown, '^', indent + 1);
}

}  // namespace wstap::filter

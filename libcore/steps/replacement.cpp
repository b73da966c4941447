// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/replacement.h"

#include <algorithm>
#include <utility>

#include "libcore/base/ascii.h"
#include "libcore/steps/errors.h"

namespace wstap::steps {

Result<Replacement> Replacement::parse(std::string_view text, std::span<const std::string> variables) {
  Replacement replacement;
  Part part;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      part.text += text[i];
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '$') {
      part.text += '$';
    } else if (is_digit(next)) {
      part.group = next - '0';
      if (part.group > replacement.highest_group_) {
        replacement.highest_group_ = part.group;
        replacement.highest_group_at_ = i;
      }
      replacement.parts_.push_back(std::move(part));
      part = {};
    } else {
      const auto named = variable_at(text.substr(i), variables);
      if (!named) return fail(named.error().code, named.error().detail, i);
      if (!*named)
        return fail(Errc::bad_replacement, "behind '$' comes a digit, or '$' for a dollar sign", i);
      part.variable = (*named)->index;
      replacement.parts_.push_back(std::exchange(part, {}));
      i += (*named)->length - 2;
    }
    ++i;
  }
  if (!part.text.empty()) replacement.parts_.push_back(std::move(part));
  return replacement;
}

std::string_view Replacement::Part::behind(std::span<const std::string_view> groups,
                                           const Variables& variables) const noexcept {
  if (variable) return variables[*variable]->text;
  return group < 0 ? std::string_view() : groups[static_cast<std::size_t>(group)];
}

bool Replacement::has_all(const Variables& variables) const noexcept {
  return std::ranges::all_of(
      parts_, [&](const Part& part) { return !part.variable || variables[*part.variable].has_value(); });
}

std::size_t Replacement::expanded_bytes(std::span<const std::string_view> groups,
                                        const Variables& variables) const noexcept {
  std::size_t bytes = 0;
  for (const Part& part : parts_) bytes += part.text.size() + part.behind(groups, variables).size();
  return bytes;
}

void Replacement::expand(std::string& out, std::span<const std::string_view> groups,
                         const Variables& variables) const {
  for (const Part& part : parts_) (out += part.text) += part.behind(groups, variables);
}

}  // namespace wstap::steps

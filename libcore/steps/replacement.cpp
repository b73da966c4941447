// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/replacement.h"

#include "libcore/base/ascii.h"
#include "libcore/steps/errors.h"

namespace wstap::steps {

Result<Replacement> Replacement::parse(std::string_view text) {
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
      return fail(Errc::bad_replacement, "behind '$' comes a digit, or '$' for a dollar sign", i);
    }
    ++i;
  }
  if (!part.text.empty()) replacement.parts_.push_back(std::move(part));
  return replacement;
}

std::size_t Replacement::expanded_bytes(std::span<const std::string_view> groups) const noexcept {
  std::size_t bytes = 0;
  for (const Part& part : parts_) {
    bytes += part.text.size();
    if (part.group >= 0) bytes += groups[static_cast<std::size_t>(part.group)].size();
  }
  return bytes;
}

void Replacement::expand(std::string& out, std::span<const std::string_view> groups) const {
  for (const Part& part : parts_) {
    out += part.text;
    if (part.group >= 0) out += groups[static_cast<std::size_t>(part.group)];
  }
}

}  // namespace wstap::steps

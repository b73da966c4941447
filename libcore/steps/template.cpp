// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/base/nearest.h"
#include "libcore/steps/errors.h"

namespace wstap::steps {
namespace {

bool is_name_char(char c) noexcept {
  return is_digit(c) || c == '_' || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

void append_as(std::string& out, const Variable& variable, Template::As as) {
  switch (as) {
    case Template::As::text: out += variable.text; break;
    case Template::As::json: out += variable.json; break;
    case Template::As::in_json_string: out += json_escaped(variable.text); break;
  }
}

}  // namespace

bool is_variable_name(std::string_view text) noexcept {
  return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, is_name_char);
}

Result<std::optional<VariableName>> variable_at(std::string_view text, std::span<const std::string> names) {
  if (!text.starts_with("${")) return std::nullopt;
  const auto end = text.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  const auto name = text.substr(2, end - 2);
  if (!is_variable_name(name)) return std::nullopt;
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    return fail(Errc::bad_replacement,
                fmt::format("nothing is extracted as '{}'{}", name, did_you_mean(name, known)), 0);
  }
  return VariableName{static_cast<std::size_t>(found - names.begin()), end + 1};
}

Template Template::literal(std::string text) {
  Template made;
  made.parts_.push_back({std::move(text), std::nullopt});
  return made;
}

Result<Template> Template::parse(std::string_view text, As as, std::span<const std::string> names) {
  Template made;
  made.as_ = as;
  Part part;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$$")) {
      part.text += '$';
      at += 2;
      continue;
    }
    auto named = variable_at(text.substr(at), names);
    if (!named) return fail(named.error().code, named.error().detail, at);
    if (!*named) {
      if (text.substr(at).starts_with("${"))
        return fail(Errc::bad_replacement, "a variable is written as ${NAME}, and a dollar sign as $$", at);
      part.text += text[at++];
      continue;
    }
    part.variable = (*named)->index;
    at += (*named)->length;
    made.parts_.push_back(std::exchange(part, {}));
  }
  made.parts_.push_back(std::move(part));
  return made;
}

std::string Template::expand(const Variables& variables) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.text;
    if (part.variable) append_as(out, *variables[*part.variable], as_);
  }
  return out;
}

bool Template::has_all(const Variables& variables) const noexcept {
  return std::ranges::all_of(
      parts_, [&](const Part& part) { return !part.variable || variables[*part.variable].has_value(); });
}

std::string Template::with(std::string_view instead) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.text;
    if (part.variable) out += instead;
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace wstap::steps

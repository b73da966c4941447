// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/extraction.h"

#include <re2/re2.h>

#include "libcore/ws/utf8.h"

namespace wstap::steps {
namespace {

Variable from_text(std::string text) {
  std::string json = '"' + json_escaped(text) + '"';
  return {std::move(text), std::move(json)};
}

std::optional<Variable> from_json(const filter::JsonPointer& pointer, Bytes payload) {
  const auto values = filter::find_json_values(payload, std::span(&pointer, 1));
  if (!values || values->front().kind == filter::JsonValue::Kind::absent) return std::nullopt;
  const auto& value = values->front();
  std::string json(as_text(payload.subspan(value.begin, value.end - value.begin)));
  const bool is_string = value.kind == filter::JsonValue::Kind::string;
  return Variable{is_string ? value.text : json, json};
}

std::optional<Variable> from_match(const filter::Pattern& pattern, Bytes payload) {
  const auto text = as_text(payload);
  std::array<re2::StringPiece, 2> groups;
  const int wanted = pattern.re2().NumberOfCapturingGroups() == 0 ? 0 : 1;
  const bool found = pattern.re2().Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                                         re2::RE2::UNANCHORED, groups.data(), wanted + 1);
  const auto& group = groups[static_cast<std::size_t>(wanted)];
  if (!found || group.data() == nullptr) return std::nullopt;
  return from_text(std::string(group.data(), group.size()));
}

}  // namespace

std::optional<Variable> extract(const Extraction& extraction, Bytes payload) {
  if (!ws::is_utf8(payload)) return std::nullopt;
  auto taken =
      extraction.json ? from_json(*extraction.json, payload) : from_match(*extraction.pattern, payload);
  const bool fits = taken && taken->text.size() <= kLongestVariable && taken->json.size() <= kLongestVariable;
  return fits ? std::move(taken) : std::nullopt;
}

}  // namespace wstap::steps

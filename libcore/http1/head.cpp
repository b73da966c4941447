// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/head.h"

#include <algorithm>

#include "libcore/base/ascii.h"

namespace wstap::http1 {
namespace {

std::string line_of(std::string_view name, std::string_view value) {
  return std::string(name) + ": " + std::string(value) + "\r\n";
}

template <class Head>
std::string text_of(const Head& head) {
  std::string text = head.first_line;
  for (const auto& field : head.fields.list()) text += field.line;
  return text + head.end;
}

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
  fields_.push_back({std::string(name), std::string(value), line_of(name, value)});
}

bool Fields::fold_into_last(std::string_view text, std::string_view line) {
  if (fields_.empty()) return false;
  auto& last = fields_.back();
  if (!last.value.empty() && !text.empty()) last.value += ' ';
  last.value += text;
  last.line += line;
  return true;
}

void Fields::set(std::string_view name, std::string_view value) {
  const auto matches = [&](const Field& field) { return iequals(field.name, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), matches);
  if (first == fields_.end()) return add(name, value);
  // The field keeps its place and the spelling of its name.
  if (first->value != value) *first = {first->name, std::string(value), line_of(first->name, value)};
  fields_.erase(std::remove_if(std::next(first), fields_.end(), matches), fields_.end());
}

void Fields::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return iequals(field.name, name); });
}

const std::string* Fields::find(std::string_view name) const {
  for (const auto& field : fields_)
    if (iequals(field.name, name)) return &field.value;
  return nullptr;
}

std::size_t Fields::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [&](const Field& field) { return iequals(field.name, name); }));
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    return iequals(field.name, name) && list_has_token(field.value, token);
  });
}

std::string Fields::joined(std::string_view name) const {
  std::string all;
  for (const auto& field : fields_) {
    if (!iequals(field.name, name)) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  return all;
}

std::string RequestHead::text() const {
  return text_of(*this);
}
std::string ResponseHead::text() const {
  return text_of(*this);
}

void RequestHead::set_target(std::string_view new_target) {
  target = new_target;
  first_line = method + " " + target + " " + version + "\r\n";
}

}  // namespace wstap::http1

// SPDX-License-Identifier: Apache-2.0
#include "libcore/steps/json_edit.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>

namespace wstap::steps {
namespace {

using filter::JsonPointer;
using filter::JsonValue;

Buffer spliced(Bytes document, std::size_t begin, std::size_t end, std::string_view put) {
  Buffer out;
  out.reserve(document.size() + put.size());
  append(out, document.first(begin));
  append(out, put);
  append(out, document.subspan(end));
  return out;
}

std::string quoted(std::string_view name) {
  rapidjson::StringBuffer out;
  rapidjson::Writer(out).String(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return {out.GetString(), out.GetSize()};
}

/// The place behind the last element of a container: behind what stands before its closing bracket.
struct Tail {
  std::size_t at = 0;
  bool empty = false;  ///< the container is
};
Tail tail_of(std::string_view document, const JsonValue& container) noexcept {
  const auto last = document.find_last_not_of(" \t\r\n", container.end - 2);
  return {last + 1, last == container.begin};
}

/// An array's element of this index is the one behind its last.
bool is_next_element(Bytes document, const JsonPointer& pointer, const JsonValue& array) {
  if (pointer.back() == "-") return true;
  if (tail_of(as_text(document), array).empty) return pointer.back() == "0";
  // The one before it is there, and it is not.
  std::size_t index = 0;
  for (const char c : pointer.back()) {
    if (c < '0' || c > '9' || index > (std::size_t{1} << 40)) return false;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  if (index == 0 || std::to_string(index) != pointer.back()) return false;
  JsonPointer before = pointer;
  before.back() = std::to_string(index - 1);
  const auto found = filter::find_json_values(document, std::span(&before, 1));
  return found && found->front().kind != JsonValue::Kind::absent;
}

}  // namespace

std::optional<Buffer> set_json(Bytes document, const JsonPointer& pointer, std::string_view value) {
  JsonPointer parent = pointer;
  if (!parent.empty()) parent.pop_back();
  const std::array<JsonPointer, 2> wanted = {pointer, parent};
  const auto found = filter::find_json_values(document, wanted);
  if (!found) return std::nullopt;
  const JsonValue& old = (*found)[0];
  if (old.kind != JsonValue::Kind::absent) return spliced(document, old.begin, old.end, value);

  const JsonValue& container = (*found)[1];
  const bool object = container.kind == JsonValue::Kind::object;
  const bool array =
      container.kind == JsonValue::Kind::array && is_next_element(document, pointer, container);
  if (!object && !array) return std::nullopt;
  const Tail tail = tail_of(as_text(document), container);
  std::string put = tail.empty ? "" : ",";
  if (object) put += quoted(pointer.back()) + ':';
  put += value;
  return spliced(document, tail.at, tail.at, put);
}

}  // namespace wstap::steps

// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON: a value that is found lies in the document, and is, taken alone, the value it was.
#include <cstdlib>

#include "libcore/filter/json_values.h"

namespace {

using namespace wstap;
using filter::JsonPointer;
using filter::JsonValue;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(Bytes document, const JsonValue& value) {
  if (value.kind == JsonValue::Kind::absent) return;
  require(value.begin < value.end && value.end <= document.size());
  const std::vector<JsonPointer> whole = {{}};
  const auto alone = filter::find_json_values(document.subspan(value.begin, value.end - value.begin), whole);
  require(alone.has_value());
  require(alone->front().kind == value.kind && alone->front().text == value.text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto text = as_text(input);
  std::vector<JsonPointer> pointers = {{}, {"a"}, {"0"}, {"a", "b"}, {"0", "0"}, {"a", "0"}, {"", ""}};
  // What stands before a line end is a pointer of the input's own.
  const auto line = text.find('\n');
  const auto own = filter::parse_json_pointer(text.substr(0, line));
  if (own) pointers.push_back(*own);
  const Bytes document = own && line != std::string_view::npos ? input.subspan(line + 1) : input;
  const auto values = filter::find_json_values(document, pointers);
  if (!values) return 0;
  require(values->size() == pointers.size());
  require(values->front().kind != JsonValue::Kind::absent);
  for (const auto& value : *values) check(document, value);
  // One pass for many finds what one for each finds.
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    const auto alone = filter::find_json_values(document, std::span(pointers).subspan(i, 1));
    require(alone && alone->front().begin == (*values)[i].begin && alone->front().end == (*values)[i].end);
  }
  return 0;
}

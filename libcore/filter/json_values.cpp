// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/json_values.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>

#include "libcore/base/ascii.h"

namespace wstap::filter {
namespace {

using Kind = JsonValue::Kind;

/// Follows the reader through the document, and each pointer as far as it leads.
class Finder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Finder> {
 public:
  Finder(std::string_view document, const rapidjson::MemoryStream& stream,
         std::span<const JsonPointer> pointers)
      : document_(document),
        stream_(stream),
        pointers_(pointers),
        values_(pointers.size()),
        matched_(pointers.size()) {}

  std::vector<JsonValue> take() { return std::move(values_); }

  bool Null() { return scalar(Kind::null, {}); }
  bool Bool(bool value) { return scalar(Kind::boolean, value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return scalar(Kind::number, {text, length});
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    return scalar(Kind::string, {text, length});
  }

  bool StartObject() { return start(Kind::object); }
  bool StartArray() { return start(Kind::array); }
  bool EndObject(rapidjson::SizeType) { return end(); }
  bool EndArray(rapidjson::SizeType) { return end(); }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    step_into({text, length});
    previous_end_ = stream_.Tell();
    return true;
  }

 private:
  struct Level {
    bool array = false;
    std::size_t next = 0;  ///< index of an array's next element
    std::size_t begin = 0;
  };

  /// Where the value begins that ends at the stream's position: behind what separates it from what came
  /// before.
  std::size_t value_begin() const noexcept {
    return std::min(document_.find_first_not_of(" \t\r\n,:", previous_end_), document_.size());
  }

  /// The next value is the one of this name, or index.
  void step_into(std::string_view name) {
    const std::size_t depth = levels_.size();
    for (std::size_t i = 0; i < pointers_.size(); ++i) {
      if (matched_[i] >= depth) matched_[i] = depth - 1;
      if (matched_[i] != depth - 1 || pointers_[i].size() < depth || pointers_[i][depth - 1] != name)
        continue;
      matched_[i] = depth;
      values_[i] = {};  // what an earlier one of this name held does not count
    }
  }

  void begin_value() {
    if (levels_.empty() || !levels_.back().array) return;
    step_into(std::to_string(levels_.back().next++));
  }

  template <class Visitor>
  void for_each_match(Visitor visit) {
    for (std::size_t i = 0; i < pointers_.size(); ++i)
      if (pointers_[i].size() == levels_.size() && matched_[i] == levels_.size()) visit(values_[i]);
  }

  bool scalar(Kind kind, std::string_view text) {
    begin_value();
    for_each_match([&](JsonValue& value) {
      value = {.kind = kind, .text = std::string(text), .begin = value_begin(), .end = stream_.Tell()};
    });
    previous_end_ = stream_.Tell();
    return true;
  }

  // The iterative reader tells of a bracket before it takes it.
  bool start(Kind kind) {
    if (levels_.size() >= kDeepestJson) return false;
    begin_value();
    const std::size_t begin = stream_.Tell();
    for_each_match(
        [&](JsonValue& value) { value = {.kind = kind, .text = {}, .begin = begin, .end = begin}; });
    levels_.push_back({.array = kind == Kind::array, .next = 0, .begin = begin});
    previous_end_ = begin + 1;
    return true;
  }

  bool end() {
    const std::size_t begin = levels_.back().begin;
    levels_.pop_back();
    for (auto& matched : matched_) matched = std::min(matched, levels_.size());
    previous_end_ = stream_.Tell() + 1;
    for_each_match([&](JsonValue& value) {
      if (value.begin == begin) value.end = previous_end_;
    });
    return true;
  }

  std::string_view document_;
  const rapidjson::MemoryStream& stream_;
  std::span<const JsonPointer> pointers_;
  std::vector<JsonValue> values_;
  std::vector<std::size_t> matched_;  ///< parts of each pointer that lead to where the reader is
  std::vector<Level> levels_;
  std::size_t previous_end_ = 0;
};

/// Replaces "~1" by '/' and "~0" by '~'.
std::optional<std::string> unescaped(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '~') {
      text += part[i];
      continue;
    }
    const char code = ++i < part.size() ? part[i] : ' ';
    if (code != '0' && code != '1') return std::nullopt;
    text += code == '0' ? '~' : '/';
  }
  return text;
}

}  // namespace

std::optional<JsonPointer> parse_json_pointer(std::string_view text) {
  JsonPointer pointer;
  while (!text.empty()) {
    if (text.front() != '/') return std::nullopt;
    text.remove_prefix(1);
    const auto part = unescaped(text.substr(0, text.find('/')));
    if (!part) return std::nullopt;
    pointer.push_back(*part);
    text.remove_prefix(std::min(text.find('/'), text.size()));
  }
  return pointer;
}

std::optional<std::vector<JsonValue>> find_json_values(Bytes document,
                                                       std::span<const JsonPointer> pointers) {
  const std::string_view text = as_text(document);
  // Most of what is not JSON shows that at once.
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos ||
      std::string_view("{[\"-0123456789tfn").find(text[first]) == std::string_view::npos)
    return std::nullopt;
  rapidjson::MemoryStream stream(text.data(), text.size());
  Finder finder(text, stream, pointers);
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  rapidjson::Reader reader;
  // A NUL ends the reader's view of the document.
  if (!reader.Parse<kFlags>(stream, finder) || stream.Tell() != text.size()) return std::nullopt;
  return finder.take();
}

}  // namespace wstap::filter

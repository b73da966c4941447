// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/json_values.h"

#include <algorithm>

#include "libcore/filter/json_scanner.h"

namespace wstap::filter {
namespace {

using Kind = JsonValue::Kind;
using Token = JsonScanner::Token;

Kind kind_of(char first) noexcept {
  switch (first) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::string;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: return Kind::number;
  }
}

JsonValue value_of(const JsonScanner& scanner) {
  const auto text = scanner.text();
  JsonValue value{.kind = kind_of(text.front()), .text = {}, .begin = scanner.begin(), .end = scanner.end()};
  if (value.kind == Kind::string) value.text = json_string(text);
  if (value.kind == Kind::number || value.kind == Kind::boolean) value.text = text;
  return value;
}

/// Follows the scanner through the document, and each pointer as far as it leads.
class Finder {
 public:
  Finder(std::string_view document, std::span<const JsonPointer> pointers)
      : scanner_(document), pointers_(pointers), values_(pointers.size()), matched_(pointers.size()) {
    for (const auto& pointer : pointers) longest_ = std::max(longest_, pointer.size());
  }

  /// @return none: it is no JSON.
  std::optional<std::vector<JsonValue>> find() {
    for (;;) {
      switch (scanner_.next()) {
        case Token::key: key(); break;
        case Token::scalar: begin_value(scanner_.depth()); break;
        case Token::open: open(); break;
        case Token::close: close(); break;
        case Token::end: return std::move(values_);
        case Token::fault: return std::nullopt;
      }
    }
  }

 private:
  /// No pointer leads to where the scanner is.
  bool is_deeper(std::size_t containers) const noexcept { return containers > longest_; }

  void key() {
    if (is_deeper(scanner_.depth())) return;
    const auto text = scanner_.text();
    if (text.contains('\\')) return step_into(json_string(text), scanner_.depth());
    step_into(text.substr(1, text.size() - 2), scanner_.depth());
  }

  /// @param around  containers around it.
  void begin_value(std::size_t around) {
    if (is_deeper(around)) return;
    step_into_element(around);
    for_each_match(around, [this](JsonValue& value) { value = value_of(scanner_); });
  }

  void open() {
    const std::size_t around = scanner_.depth() - 1;
    begin_value(around);
    if (!is_deeper(around)) levels_.push_back({.array = scanner_.in_array()});
  }

  void close() {
    const std::size_t around = scanner_.depth();
    if (is_deeper(around)) return;
    levels_.pop_back();
    for (auto& matched : matched_) matched = std::min(matched, around);
    for_each_match(around, [this](JsonValue& value) { value.end = scanner_.end(); });
  }

  /// The next value is the one of this name, or index. @param depth  containers around it.
  void step_into(std::string_view name, std::size_t depth) {
    for (std::size_t i = 0; i < pointers_.size(); ++i) {
      if (matched_[i] >= depth) matched_[i] = depth - 1;
      if (matched_[i] != depth - 1 || pointers_[i].size() < depth || pointers_[i][depth - 1] != name)
        continue;
      matched_[i] = depth;
      values_[i] = {};  // what an earlier one of this name held does not count
    }
  }

  void step_into_element(std::size_t depth) {
    if (depth != 0 && levels_.back().array) step_into(std::to_string(levels_.back().next++), depth);
  }

  template <class Visitor>
  void for_each_match(std::size_t depth, Visitor visit) {
    for (std::size_t i = 0; i < pointers_.size(); ++i)
      if (pointers_[i].size() == depth && matched_[i] == depth) visit(values_[i]);
  }

  /// A container in which something may be that is wanted.
  struct Level {
    bool array = false;
    std::size_t next = 0;  ///< index of an array's next element
  };

  JsonScanner scanner_;
  std::span<const JsonPointer> pointers_;
  std::size_t longest_ = 0;  ///< of the pointers
  std::vector<JsonValue> values_;
  std::vector<std::size_t> matched_;  ///< parts of each pointer that lead to where the scanner is
  std::vector<Level> levels_;
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
  return Finder(as_text(document), pointers).find();
}

bool is_json(std::string_view text) {
  JsonScanner scanner(text);
  for (;;) {
    const Token token = scanner.next();
    if (token == Token::fault) return false;
    if (token == Token::end) return !scanner.extended();
  }
}

}  // namespace wstap::filter

// SPDX-License-Identifier: Apache-2.0
#include "libcore/replay/json_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "libcore/filter/json_scanner.h"

namespace wstap::replay {
namespace {

using filter::JsonScanner;

/// A value that is none of a container's, or the container itself.
struct Leaf {
  std::string says;     ///< what it is compared by
  std::string written;  ///< as in the document
};
/// What is in a container comes behind it, before its neighbours.
struct ByPointer {
  bool operator()(std::string_view a, std::string_view b) const noexcept {
    const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
    return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
  }
};
using Leaves = std::map<std::string, Leaf, ByPointer>;

/// RFC 6901 section 3.
std::string escaped(std::string_view key) {
  std::string text;
  for (const char c : key) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

/// 1, 1.0 and 1e0 are the same number. What no double holds exactly is compared as it is written.
std::string number_text(std::string_view written) {
  double value = 0;
  const auto [end, fault] = std::from_chars(written.data(), written.data() + written.size(), value);
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const bool exact =
      fault == std::errc() && end == written.data() + written.size() && value < kExact && value > -kExact;
  return exact ? fmt::format("{}", value) : std::string(written);
}

Leaf leaf(std::string_view written) {
  const bool is_string = written.starts_with('"');
  const bool is_number = written.starts_with('-') || (written[0] >= '0' && written[0] <= '9');
  return {is_string   ? "\"" + filter::json_string(written)
          : is_number ? number_text(written)
                      : std::string(written),
          std::string(written)};
}

/// Where in a document a scanner is.
class Walk {
 public:
  explicit Walk(std::string_view document) : scanner_(document) {}

  /// @return none: it is no JSON.
  std::optional<Leaves> leaves() {
    for (;;) switch (scanner_.next()) {
        case JsonScanner::Token::key: key_ = filter::json_string(scanner_.text()); break;
        case JsonScanner::Token::scalar: add(leaf(scanner_.text())); break;
        case JsonScanner::Token::open: enter(); break;
        case JsonScanner::Token::close: open_.pop_back(); break;
        case JsonScanner::Token::end: return std::move(leaves_);
        case JsonScanner::Token::fault: return std::nullopt;
      }
  }

 private:
  struct Container {
    std::string pointer;
    bool array = false;
    std::size_t values = 0;
  };
  std::string next_pointer() {
    if (open_.empty()) return {};
    Container& in = open_.back();
    const std::size_t index = in.values++;
    return fmt::format("{}/{}", in.pointer, in.array ? std::to_string(index) : escaped(key_));
  }
  void add(Leaf found) { leaves_.insert_or_assign(next_pointer(), std::move(found)); }
  void enter() {
    const bool array = scanner_.in_array();
    std::string pointer = next_pointer();
    const char* text = array ? "[...]" : "{...}";
    leaves_.insert_or_assign(pointer, Leaf{text, text});
    open_.push_back({std::move(pointer), array, 0});
  }

  JsonScanner scanner_;
  Leaves leaves_;
  std::vector<Container> open_;
  std::string key_;
};

bool is_within(std::string_view pointer, std::string_view outer) noexcept {
  return pointer.starts_with(outer) && (pointer.size() == outer.size() || pointer[outer.size()] == '/');
}

}  // namespace

std::optional<std::vector<JsonDifference>> json_differences(std::string_view expected, std::string_view got,
                                                            const std::vector<std::string>& ignored) {
  const auto wanted = Walk(expected).leaves();
  const auto found = wanted ? Walk(got).leaves() : std::nullopt;
  if (!found) return std::nullopt;
  std::vector<JsonDifference> differences;
  const auto differ = [&](const std::string& pointer, const Leaf* was, const Leaf* is) {
    if (was != nullptr && is != nullptr && was->says == is->says) return;
    const auto within = [&](const std::string& outer) { return is_within(pointer, outer); };
    if (std::ranges::any_of(ignored, within)) return;
    // What is in a container that is missing, or another kind of value, goes without saying.
    if (!differences.empty() && is_within(pointer, differences.back().pointer)) return;
    JsonDifference difference{pointer, std::nullopt, std::nullopt};
    if (was != nullptr) difference.expected = was->written;
    if (is != nullptr) difference.got = is->written;
    differences.push_back(std::move(difference));
  };
  for (auto was = wanted->begin(), is = found->begin(); was != wanted->end() || is != found->end();) {
    const ByPointer before;
    const bool only_was = is == found->end() || (was != wanted->end() && before(was->first, is->first));
    const bool only_is = was == wanted->end() || (is != found->end() && before(is->first, was->first));
    differ(only_is ? is->first : was->first, only_is ? nullptr : &was->second,
           only_was ? nullptr : &is->second);
    if (!only_is) ++was;
    if (!only_was) ++is;
  }
  return differences;
}

}  // namespace wstap::replay

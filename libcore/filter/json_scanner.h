// SPDX-License-Identifier: Apache-2.0
// The tokens of a JSON document (RFC 8259), one after the other. Rules must see what receivers see, so what
// common parsers read beyond the grammar is read here as well: a byte order mark, NaN, Infinity and
// -Infinity, surrogates that stand alone, bytes in strings that are not UTF-8; and numbers and nesting have
// no limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wstap::filter {

class JsonScanner {
 public:
  enum class Token : std::uint8_t {
    key,     ///< of the member whose value comes next
    scalar,  ///< a value that is none of the next
    open,    ///< '[' or '{'
    close,   ///< ... and its end
    end,     ///< of the document
    fault,   ///< it is no JSON; so it stays
  };

  /// @param document  outlives it.
  explicit JsonScanner(std::string_view document) noexcept;
  Token next();

  /// Of the last token. A key and a string are in quotes, as written.
  std::string_view text() const noexcept { return document_.substr(begin_, end_ - begin_); }
  std::size_t begin() const noexcept { return begin_; }
  std::size_t end() const noexcept { return end_; }
  /// Containers that are open: behind `open` with the new one, behind `close` without the old one.
  std::size_t depth() const noexcept { return arrays_.size(); }
  /// The innermost of them is an array.
  bool in_array() const noexcept { return arrays_.back(); }
  /// Something was read that RFC 8259 does not know.
  bool extended() const noexcept { return extended_; }

 private:
  Token read();
  Token read_value();
  Token read_key();
  Token open(bool array);
  Token close();
  Token scalar(bool read) noexcept;
  void skip_space() noexcept;
  bool skip(std::string_view word) noexcept;
  bool skip(char c) noexcept;
  bool skip_number() noexcept;
  bool skip_digits() noexcept;
  bool skip_string() noexcept;
  char ahead() const noexcept { return at_ < document_.size() ? document_[at_] : '\0'; }

  /// What comes next: a value, the first of a container or its end, a further one or the end, ...
  enum class Expect : std::uint8_t { value, first, more, end, nothing };

  std::string_view document_;
  std::size_t begin_ = 0, end_ = 0;  ///< of the last token
  std::size_t at_ = 0;               ///< what is not read yet
  std::vector<bool> arrays_;
  Expect expect_ = Expect::value;
  bool extended_ = false;
};

/// What a string says. @param quoted  as JsonScanner::text gives it. A surrogate that stands alone becomes
/// U+FFFD.
std::string json_string(std::string_view quoted);

}  // namespace wstap::filter

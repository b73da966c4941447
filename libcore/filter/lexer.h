// SPDX-License-Identifier: Apache-2.0
// The words of a filter expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/result.h"

namespace wstap::filter {

struct Token {
  enum class Kind : std::uint8_t { word, number, string, symbol, end };
  Kind kind = Kind::end;
  std::string text;     ///< a string's content; else as written
  std::size_t at = 0;   ///< byte of the expression where it begins
  std::size_t end = 0;  ///< byte behind it

  bool is(std::string_view word_or_symbol) const noexcept {
    return (kind == Kind::word || kind == Kind::symbol) && text == word_or_symbol;
  }
};

/// All of them, and the end.
/// In "strings", \" \\ \n \r \t \0 and \xHH are escapes; any other backslash stands for itself, so that
/// patterns need no doubled ones. In 'strings', everything stands for itself.
/// @error syntax
Result<std::vector<Token>> tokens(std::string_view expression);

}  // namespace wstap::filter

// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/lexer.h"

#include <fmt/format.h>

#include <array>

#include "libcore/base/ascii.h"
#include "libcore/base/printable.h"
#include "libcore/filter/errors.h"

namespace wstap::filter {
namespace {

bool begins_word(char c) noexcept {
  return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_';
}
bool in_word(char c) noexcept {
  return begins_word(c) || is_digit(c) || c == '.' || c == '-';
}
bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> next() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    Token token{.at = at_};
    if (at_ < text_.size()) {
      const auto read = read_token(token);
      if (!read) return std::unexpected(read.error());
    }
    token.end = at_;
    return token;
  }

 private:
  Result<void> read_token(Token& token) {
    const char c = text_[at_];
    if (c == '"' || c == '\'') return read_string(token);
    if (begins_word(c)) {
      token.kind = Token::Kind::word;
      while (at_ < text_.size() && in_word(text_[at_]) && !text_.substr(at_).starts_with(".."))
        token.text += text_[at_++];
      return {};
    }
    if (is_digit(c) || (c == '-' && is_digit(peek(1)))) {
      read_number(token);
      return {};
    }
    return read_symbol(token);
  }

  /// As far as it may go: what it is worth is said when its type is known. ".." is no part of it.
  void read_number(Token& token) {
    token.kind = Token::Kind::number;
    token.text += text_[at_++];
    const auto belongs = [this](char c) {
      const bool exponent = ascii_lower(text_[at_ - 1]) == 'e' && (c == '-' || c == '+');
      return is_digit(c) || begins_word(c) || (c == '.' && peek(1) != '.') || exponent;
    };
    while (at_ < text_.size() && belongs(text_[at_])) token.text += text_[at_++];
  }

  Result<void> read_symbol(Token& token) {
    constexpr std::array<std::string_view, 16> kSymbols = {"==", "!=", "<=", ">=", "&&", "||", "..", "<",
                                                           ">",  "!",  "(",  ")",  "{",  "}",  ",",  "~"};
    for (const auto symbol : kSymbols) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      token.kind = Token::Kind::symbol;
      token.text = symbol;
      at_ += symbol.size();
      return {};
    }
    if (text_[at_] == '=') return fail(Errc::syntax, "'=' (equality is '==')", at_);
    return fail(Errc::syntax, fmt::format("'{}'", printable(text_.substr(at_, 1))), at_);
  }

  Result<void> read_string(Token& token) {
    token.kind = Token::Kind::string;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && quote == '"') {
        read_escape(token.text);
      } else {
        token.text += text_[at_++];
      }
    }
    if (at_ == text_.size())
      return fail(Errc::syntax, fmt::format("a string without its closing {}", quote), token.at);
    ++at_;
    return {};
  }

  void read_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\nrt0", kMeanings("\"\\\n\r\t\0", 6);
    const auto known = kLetters.find(peek(1));
    const int high = hex_digit(peek(2)), low = hex_digit(peek(3));
    if (at_ + 1 < text_.size() && known != std::string_view::npos) {
      out += kMeanings[known];
      at_ += 2;
    } else if (peek(1) == 'x' && high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at_ += 4;
    } else {
      out += text_[at_++];
    }
  }

  char peek(std::size_t ahead) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : ' ';
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> tokens(std::string_view expression) {
  Lexer lexer(expression);
  std::vector<Token> all;
  do {
    auto token = lexer.next();
    if (!token) return std::unexpected(std::move(token.error()));
    all.push_back(std::move(*token));
  } while (all.back().kind != Token::Kind::end);
  return all;
}

}  // namespace wstap::filter

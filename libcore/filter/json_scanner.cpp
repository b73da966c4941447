// SPDX-License-Identifier: Apache-2.0
#include "libcore/filter/json_scanner.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "libcore/base/ascii.h"

namespace wstap::filter {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::uint32_t kReplacement = 0xfffd;

/// It stands for itself in a string.
constexpr bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

/// The code unit of the escape "\uXXXX" that begins at `at`.
std::optional<std::uint32_t> code_unit(std::string_view text, std::size_t at) noexcept {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  const char* const end = text.data() + at + 6;
  return std::from_chars(end - 4, end, unit, 16).ptr == end ? std::optional(unit) : std::nullopt;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

constexpr std::string_view kEscapes = "\"\\/bfnrt";
constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";

}  // namespace

JsonScanner::JsonScanner(std::string_view document) noexcept : document_(document) {
  if (!document_.starts_with(kByteOrderMark)) return;
  at_ = kByteOrderMark.size();
  extended_ = true;
}

JsonScanner::Token JsonScanner::next() {
  const Token token = read();
  if (token == Token::fault) expect_ = Expect::nothing;
  return token;
}

JsonScanner::Token JsonScanner::read() {
  skip_space();
  begin_ = at_;
  switch (expect_) {
    case Expect::value: return read_value();
    case Expect::end: return at_ == document_.size() ? Token::end : Token::fault;
    case Expect::nothing: return Token::fault;
    case Expect::first:
    case Expect::more: break;
  }
  if (ahead() == (in_array() ? ']' : '}')) return close();
  if (expect_ == Expect::more) {
    if (!skip(',')) return Token::fault;
    skip_space();
    begin_ = at_;
  }
  return in_array() ? read_value() : read_key();
}

JsonScanner::Token JsonScanner::read_key() {
  if (!skip_string()) return Token::fault;
  end_ = at_;
  skip_space();
  expect_ = Expect::value;
  return skip(':') ? Token::key : Token::fault;
}

JsonScanner::Token JsonScanner::read_value() {
  switch (ahead()) {
    case '{': return open(false);
    case '[': return open(true);
    case '"': return scalar(skip_string());
    case 't': return scalar(skip("true"));
    case 'f': return scalar(skip("false"));
    case 'n': return scalar(skip("null"));
    default: return scalar(skip_number());
  }
}

JsonScanner::Token JsonScanner::open(bool array) {
  end_ = ++at_;
  arrays_.push_back(array);
  expect_ = Expect::first;
  return Token::open;
}

JsonScanner::Token JsonScanner::close() {
  ++at_;
  arrays_.pop_back();
  scalar(true);
  return Token::close;
}

JsonScanner::Token JsonScanner::scalar(bool read) noexcept {
  if (!read) return Token::fault;
  end_ = at_;
  expect_ = arrays_.empty() ? Expect::end : Expect::more;
  return Token::scalar;
}

void JsonScanner::skip_space() noexcept {
  while (at_ < document_.size() && is_blank(document_[at_])) ++at_;
}

bool JsonScanner::skip(std::string_view word) noexcept {
  if (!document_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool JsonScanner::skip(char c) noexcept {
  if (ahead() != c) return false;
  ++at_;
  return true;
}

bool JsonScanner::skip_digits() noexcept {
  const std::size_t begin = at_;
  while (is_digit(ahead())) ++at_;
  return at_ != begin;
}

bool JsonScanner::skip_number() noexcept {
  if (skip("NaN") || skip("Infinity") || skip("-Infinity")) return extended_ = true;
  skip('-');
  // No digit comes behind a 0 that is the first.
  if (!skip('0') && !skip_digits()) return false;
  if (skip('.') && !skip_digits()) return false;
  if (!skip('e') && !skip('E')) return true;
  if (!skip('+')) skip('-');
  return skip_digits();
}

bool JsonScanner::skip_string() noexcept {
  if (!skip('"')) return false;
  for (;; ++at_) {
    while (at_ < document_.size() && is_plain(document_[at_])) ++at_;
    if (ahead() != '\\') return skip('"');
    const auto unit = code_unit(document_, at_);
    if (!unit && (at_ + 1 == document_.size() || !kEscapes.contains(document_[at_ + 1]))) return false;
    at_ += unit ? 5 : 1;
  }
}

std::string json_string(std::string_view quoted) {
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t escape = std::min(text.find('\\', at), text.size());
    out += text.substr(at, escape - at);
    at = escape;
    if (at == text.size()) break;
    const auto unit = code_unit(text, at);
    if (!unit) {
      out += kEscaped[kEscapes.find(text[at + 1])];
      at += 2;
      continue;
    }
    at += 6;
    const auto low = *unit >= 0xd800 && *unit < 0xdc00 ? code_unit(text, at) : std::nullopt;
    if (low && *low >= 0xdc00 && *low < 0xe000) {
      append_utf8(out, 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00));
      at += 6;
    } else {
      append_utf8(out, *unit >= 0xd800 && *unit < 0xe000 ? kReplacement : *unit);
    }
  }
  return out;
}

}  // namespace wstap::filter

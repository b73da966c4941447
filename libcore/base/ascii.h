// SPDX-License-Identifier: Apache-2.0
// ASCII text as HTTP uses it: case-insensitive names, comma-separated lists, optional white space (RFC
// 9110 5.6).
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace wstap {

constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
/// A blank, a tab, or of the end of a line.
constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// A tchar of RFC 9110 5.6.2: what method and field names consist of.
bool is_token_char(char c) noexcept;
/// Not empty, and all token characters.
bool is_token(std::string_view text) noexcept;

/// Equal but for the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b) noexcept;

std::string to_lower(std::string_view text);

/// Without spaces and tabs at both ends (OWS).
std::string_view trim(std::string_view text) noexcept;

/// Cuts the next element off a comma-separated `list` and returns it trimmed; commas in quoted strings do not
/// count. Empty elements are returned as empty. Call while `list` is not empty.
std::string_view next_element(std::string_view& list) noexcept;

/// Some element of the comma-separated `list` equals `token`, but for case.
bool list_has_token(std::string_view list, std::string_view token) noexcept;

/// All of `text` as an unsigned decimal number: digits only, no sign, no overflow.
template <std::unsigned_integral T>
std::optional<T> parse_decimal(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace wstap

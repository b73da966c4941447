// SPDX-License-Identifier: Apache-2.0
#include "libcore/base/printable.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/utf8.h"

namespace wstap {
namespace {

/// One character of UTF-8 (RFC 3629) at the start of `text`, which is not empty.
Character decode(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  std::uint32_t code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues_character(text[i])) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? Character{} : Character{code, length};
}

bool acts(std::uint32_t code) noexcept {
  const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const bool direction = code == 0x61c || code == 0x200e || code == 0x200f ||
                         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  const bool invisible = code == 0x200b || (code >= 0x2060 && code <= 0x2064) || code == 0xfeff ||
                         (code >= 0xe0000 && code <= 0xe007f);
  return control || direction || invisible || code == 0x2028 || code == 0x2029;
}

void append_escaped(std::string& out, std::uint32_t code) {
  switch (code) {
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\\': out += "\\\\"; break;
    default: out += code < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{{{:x}}}", code);
  }
}

}  // namespace

Character acting_character(std::string_view text) noexcept {
  if (text.empty()) return {};
  const Character character = decode(text);
  return character.bytes != 0 && acts(character.code) ? character : Character{};
}

bool append_printable(std::string& out, Bytes bytes, std::size_t max_bytes) {
  std::string_view text = as_text(bytes);
  std::size_t budget = max_bytes;
  while (!text.empty()) {
    const Character next = decode(text);
    const std::size_t length = std::max<std::size_t>(next.bytes, 1);
    if (length > budget) return false;
    if (next.bytes == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (acts(next.code) || next.code == '\\') {
      append_escaped(out, next.code);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
    budget -= length;
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, as_bytes(text), text.size());
  return out;
}

}  // namespace wstap

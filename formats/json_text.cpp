// SPDX-License-Identifier: Apache-2.0
#include "formats/json_text.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "libcore/base/printable.h"
#include "libcore/ws/utf8.h"

namespace wstap::formats {
namespace {

// A vector register's worth of characters.
using Block [[gnu::vector_size(16)]] = unsigned char;

static_assert(std::endian::native == std::endian::little);

constexpr unsigned char kDelete = 0x7f;
constexpr unsigned char kBeforeC1 = 0xc2;  // U+0080 to U+009F are two bytes, this one first

/// Which characters of a block may need escaping, a byte of ones for each, the first the lowest.
struct Found {
  std::uint64_t first, second;
};
Found find_in(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  const Block found =
      (block < 0x20) | (block == '"') | (block == '\\') | (block == kDelete) | (block == kBeforeC1);
  return std::bit_cast<Found>(found);
}

bool may_need_escape(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || c == '"' || c == '\\' || u == kDelete || u == kBeforeC1;
}

/// Where from `at` on the first character is that may need escaping.
std::size_t find_suspect(std::string_view text, std::size_t at) {
  for (; at + sizeof(Block) <= text.size(); at += sizeof(Block)) {
    const Found found = find_in(text.data() + at);
    if (found.first != 0) return at + static_cast<std::size_t>(std::countr_zero(found.first)) / 8;
    if (found.second != 0) return at + 8 + static_cast<std::size_t>(std::countr_zero(found.second)) / 8;
  }
  while (at < text.size() && !may_need_escape(text[at])) ++at;
  return at;
}

bool begins_with_c1(std::string_view text) {
  return text.size() > 1 && static_cast<unsigned char>(text[0]) == kBeforeC1 &&
         static_cast<unsigned char>(text[1]) < 0xa0;
}

/// How much of `text` stands for itself.
std::size_t plain_prefix(std::string_view text) {
  std::size_t at = find_suspect(text, 0);
  // Some other character that begins like the controls.
  while (at < text.size() && static_cast<unsigned char>(text[at]) == kBeforeC1 &&
         !begins_with_c1(text.substr(at)))
    at = find_suspect(text, at + 1);
  return at;
}

void append_code(std::string& out, unsigned code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[code >> 4];
  out += kDigits[code & 15];
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: append_code(out, c);
  }
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const bool c1 = begins_with_c1(text);
    c1 ? append_code(out, static_cast<unsigned char>(text[1]))
       : append_escaped(out, static_cast<unsigned char>(text[0]));
    text.remove_prefix(c1 ? 2 : 1);
  }
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  append_json_text(out, ws::is_utf8(as_bytes(text)) ? text : printable(text));
  out += '"';
  return out;
}

}  // namespace wstap::formats

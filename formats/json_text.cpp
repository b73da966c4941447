// SPDX-License-Identifier: Apache-2.0
#include "formats/json_text.h"

#include <algorithm>
#include <array>
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
// What characters of several bytes begin with that act on a terminal, and others as well.
constexpr std::array<unsigned char, 5> kMayAct = {0xc2, 0xd8, 0xe2, 0xef, 0xf3};

/// Which characters of a block may need escaping, a byte of ones for each, the first the lowest.
struct Found {
  std::uint64_t first, second;
};
Found find_in(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  auto found = (block < 0x20) | (block == '"') | (block == '\\') | (block == kDelete);
  for (const unsigned char first : kMayAct) found |= block == first;
  return std::bit_cast<Found>(found);
}

bool may_need_escape(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || c == '"' || c == '\\' || u == kDelete || std::ranges::find(kMayAct, u) != kMayAct.end();
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

/// How much of `text` stands for itself.
std::size_t plain_prefix(std::string_view text) {
  std::size_t at = find_suspect(text, 0);
  // Some other character that begins like one of those.
  while (at < text.size() && static_cast<unsigned char>(text[at]) > kDelete &&
         acting_character(text.substr(at)).bytes == 0)
    at = find_suspect(text, at + 1);
  return at;
}

void append_code_unit(std::string& out, std::uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[unit >> shift & 15];
}

void append_code(std::string& out, std::uint32_t code) {
  if (code < 0x10000) return append_code_unit(out, code);
  append_code_unit(out, 0xd800 + ((code - 0x10000) >> 10));
  append_code_unit(out, 0xdc00 + (code & 0x3ff));
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
    const auto [code, bytes] = acting_character(text);
    if (bytes > 1) {
      append_code(out, code);
    } else {
      append_escaped(out, static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  append_json_text(out, ws::is_utf8(as_bytes(text)) ? text : printable(text));
  out += '"';
  return out;
}

}  // namespace wstap::formats

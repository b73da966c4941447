// SPDX-License-Identifier: Apache-2.0
#include "formats/decision_members.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/base/hex.h"
#include "libcore/base/nearest.h"
#include "libcore/base/printable.h"
#include "libcore/filter/json_scanner.h"
#include "libcore/ws/utf8.h"

namespace wstap::formats {
namespace {

using filter::JsonScanner;

constexpr std::array<std::string_view, DecisionMembers::kKeys> kNames = {
    "id",         "action",       "override_body", "override_body_b64", "opcode",  "fin",
    "close_code", "close_reason", "raw_b64",       "direction",         "flow_id", "after"};
constexpr std::size_t kShown = 40;  ///< of what somebody wrote

std::string shown(std::string_view text) {
  std::string out;
  if (!append_printable(out, as_bytes(text), kShown)) out += "...";
  return out;
}

/// An escape that is half of a surrogate pair: readers make something else of it, so that what leaves would
/// not be what was written.
bool has_half_pair(std::string_view quoted) noexcept {
  const auto nibble_behind_d = [&](std::size_t at) -> int {  // "\uD8..": 8; -1: none of that kind
    if (at + 6 > quoted.size() || quoted[at] != '\\' || quoted[at + 1] != 'u') return -1;
    if (ascii_lower(quoted[at + 2]) != 'd') return -1;
    const char c = ascii_lower(quoted[at + 3]);
    return c >= '0' && c <= '9' ? c - '0' : c - 'a' + 10;
  };
  for (std::size_t at = quoted.find('\\'); at != std::string_view::npos; at = quoted.find('\\', at)) {
    const int kind = nibble_behind_d(at);
    if (kind >= 12) return true;
    if (kind >= 8) {
      if (nibble_behind_d(at + 6) < 12) return true;
      at += 12;
    } else {
      at += 2;
    }
  }
  return false;
}

}  // namespace

std::string_view DecisionMembers::name(Key key) noexcept {
  return kNames[key];
}

DecisionMembers::DecisionMembers(std::string_view text) {
  if (!ws::is_utf8(as_bytes(text))) refuse("this is not UTF-8");
  scan(text);
}

void DecisionMembers::refuse(Key key, std::string_view why) {
  if (fault_.empty()) fault_ = fmt::format("{}: {}", name(key), why);
}

std::optional<DecisionMembers::Key> DecisionMembers::key_of(std::string_view quoted) {
  const auto written = filter::json_string(quoted);
  const auto found = std::ranges::find(kNames, written);
  if (found == kNames.end()) {
    refuse(fmt::format("{}: there is no such key{}", shown(written), did_you_mean(written, kNames)));
    return std::nullopt;
  }
  const auto key = static_cast<Key>(found - kNames.begin());
  if (has(key)) refuse(key, "it is there twice");
  return key;
}

void DecisionMembers::scan(std::string_view text) {
  using Token = JsonScanner::Token;
  JsonScanner json(text);
  if (json.next() != Token::open || json.in_array())
    return refuse(R"(this is no JSON object such as {"id":"1:2","action":"release"})");
  std::optional<Key> member;  // none: one that is not known, which is refused already
  for (;;) {
    const auto token = json.next();
    const bool outermost = json.depth() == 1;
    if (token == Token::key && outermost) {
      member = key_of(json.text());
    } else if (token == Token::scalar && outermost && member) {
      values_[*member] = json.text();
    } else if (token == Token::open && json.depth() == 2 && member) {
      refuse(*member, "an object or a list has no meaning here");
    } else if (token == Token::fault) {
      return refuse(fmt::format("this is no JSON from byte {} on", json.begin()));
    } else if (token == Token::end) {
      if (json.extended()) refuse("this is no JSON (RFC 8259): a byte order mark, NaN or Infinity");
      return;
    }
  }
}

std::optional<std::string> DecisionMembers::text(Key key) {
  const auto value = values_[key];
  if (value.empty()) return std::nullopt;
  if (value.front() != '"') {
    refuse(key, fmt::format("wanted is a text, not {}", shown(value)));
    return std::nullopt;
  }
  if (has_half_pair(value)) {
    refuse(key, "half of a surrogate pair is no character");
    return std::nullopt;
  }
  return filter::json_string(value);
}

std::optional<Buffer> DecisionMembers::base64(Key key) {
  const auto written = text(key);
  if (!written) return std::nullopt;
  auto bytes = from_base64(*written);
  if (!bytes) refuse(key, "this is no base64 (RFC 4648, with padding)");
  return bytes;
}

std::optional<bool> DecisionMembers::flag(Key key) {
  const auto value = values_[key];
  if (value.empty()) return std::nullopt;
  if (value == "true" || value == "false") return value == "true";
  refuse(key, fmt::format("wanted is true or false, not {}", shown(value)));
  return std::nullopt;
}

std::optional<std::uint64_t> DecisionMembers::number(Key key, std::uint64_t least, std::uint64_t most) {
  const auto value = values_[key];
  if (value.empty()) return std::nullopt;
  const auto number = parse_decimal<std::uint64_t>(value);
  if (number && *number >= least && *number <= most) return number;
  refuse(key, fmt::format("wanted is a whole number from {} to {}, not {}", least, most, shown(value)));
  return std::nullopt;
}

}  // namespace wstap::formats

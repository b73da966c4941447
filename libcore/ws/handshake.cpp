// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/handshake.h"

#include <algorithm>
#include <array>

#include "libcore/base/ascii.h"
#include "libcore/base/hex.h"
#include "libcore/base/sha1.h"

namespace wstap::ws {
namespace {

constexpr std::size_t kNonceBytes = 16;

/// Takes `mark` off the start of `text`, if it is there after optional white space.
bool take(std::string_view& text, char mark) {
  text = trim(text);
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes a token off the start of `text`; empty when there is none.
std::string take_token(std::string_view& text) {
  text = trim(text);
  const auto end = std::find_if_not(text.begin(), text.end(), is_token_char);
  std::string token(text.begin(), end);
  text.remove_prefix(token.size());
  return token;
}

/// The same for a token, or a quoted string that holds one (RFC 6455 9.1).
std::string take_value(std::string_view& text) {
  if (!take(text, '"')) return take_token(text);
  std::string value;
  std::size_t at = 0;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  if (at == text.size() || !is_token(value)) return {};
  text.remove_prefix(at + 1);
  return value;
}

/// Nothing when `rest` has another form than handshake.h names.
std::optional<Extension> well_formed(std::string_view rest) {
  Extension extension{take_token(rest), {}};
  if (extension.name.empty()) return std::nullopt;
  while (take(rest, ';')) {
    std::pair<std::string, std::optional<std::string>> parameter{take_token(rest), std::nullopt};
    if (parameter.first.empty()) return std::nullopt;
    if (take(rest, '=')) {
      parameter.second = take_value(rest);
      if (parameter.second->empty()) return std::nullopt;
    }
    extension.parameters.push_back(std::move(parameter));
  }
  return trim(rest).empty() ? std::optional(std::move(extension)) : std::nullopt;
}

}  // namespace

std::string accept_for(std::string_view key) {
  // The GUID of RFC 6455 section 1.3.
  const std::string salted = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return to_base64(sha1(as_bytes(salted)));
}

std::string make_key(Entropy& entropy) {
  std::array<std::byte, kNonceBytes> nonce;
  entropy.fill(nonce);
  return to_base64(nonce);
}

bool is_key(std::string_view text) {
  const auto nonce = from_base64(text);
  return nonce && nonce->size() == kNonceBytes;
}

std::vector<Extension> parse_extensions(std::string_view header_value) {
  std::vector<Extension> extensions;
  while (!header_value.empty()) {
    const auto element = next_element(header_value);
    if (element.empty()) continue;
    auto extension = well_formed(element);
    extensions.push_back(extension ? *std::move(extension) : Extension{std::string(element), {}});
  }
  return extensions;
}

Negotiated negotiated(const std::vector<Extension>& accepted) noexcept {
  Negotiated result;
  for (const auto& extension : accepted) {
    if (iequals(extension.name, "permessage-deflate")) {
      // Of two, which no response may accept, the first counts.
      if (!std::exchange(result.permessage_deflate, true)) result.deflate = deflate_agreement(extension);
    } else {
      result.unknown_extension = true;
    }
  }
  return result;
}

}  // namespace wstap::ws

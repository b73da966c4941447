// SPDX-License-Identifier: Apache-2.0
#include "libcore/ws/handshake.h"

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/base/hex.h"
#include "libcore/base/sha1.h"

namespace wstap::ws {
namespace {

/// Cuts `text` at the first `mark` outside quotes; what follows the mark stays in `text`.
std::string_view cut(std::string_view& text, char mark) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '"') quoted = !quoted;
    if (text[end] == mark && !quoted) break;
  }
  const auto piece = trim(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string text;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

Extension parse_extension(std::string_view element) {
  Extension extension;
  std::string_view rest = element;
  extension.name = cut(rest, ';');
  if (!is_token(extension.name)) return {std::string(element), {}};
  while (!rest.empty()) {
    std::string_view parameter = cut(rest, ';');
    const bool has_value = parameter.find('=') != std::string_view::npos;
    std::string key(cut(parameter, '='));
    if (has_value) {
      extension.parameters.emplace_back(std::move(key), unquoted(trim(parameter)));
    } else {
      extension.parameters.emplace_back(std::move(key), std::nullopt);
    }
  }
  return extension;
}

}  // namespace

std::string accept_for(std::string_view key) {
  // The GUID of RFC 6455 section 1.3.
  const std::string salted = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return to_base64(sha1(as_bytes(salted)));
}

std::vector<Extension> parse_extensions(std::string_view header_value) {
  std::vector<Extension> extensions;
  while (!header_value.empty()) {
    const auto element = next_element(header_value);
    if (!element.empty()) extensions.push_back(parse_extension(element));
  }
  return extensions;
}

Negotiated negotiated(const std::vector<Extension>& accepted) noexcept {
  Negotiated result;
  for (const auto& extension : accepted) {
    if (iequals(extension.name, "permessage-deflate")) {
      result.permessage_deflate = true;
    } else {
      result.unknown_extension = true;
    }
  }
  return result;
}

}  // namespace wstap::ws

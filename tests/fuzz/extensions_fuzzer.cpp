// SPDX-License-Identifier: Apache-2.0
// Any text as Sec-WebSocket-Extensions: an element is well-formed and reads back as written, or keeps its
// text.
#include <algorithm>
#include <cstdlib>

#include "libcore/base/ascii.h"
#include "libcore/ws/handshake.h"

namespace {

using namespace wstap;

void require(bool holds) {
  if (!holds) std::abort();
}

/// As a peer would write it, with every value quoted and escaped.
std::string written(const ws::Extension& extension) {
  std::string text = extension.name;
  for (const auto& [key, value] : extension.parameters) {
    text += " ; " + key;
    if (!value) continue;
    text += "=\"";
    for (const char c : *value) (text += '\\') += c;
    text += '"';
  }
  return text;
}

void check(const ws::Extension& extension, std::string_view header_value) {
  if (!is_token(extension.name)) {
    require(extension.parameters.empty());
    require(header_value.find(extension.name) != std::string_view::npos);
    require(!extension.name.empty() && trim(extension.name) == extension.name);
  }
  for (const auto& [key, value] : extension.parameters)
    require(is_token(key) && (!value || is_token(*value)));

  const auto again = ws::parse_extensions(written(extension));
  require(again.size() == 1);
  require(again[0].name == extension.name && again[0].parameters == extension.parameters);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header_value = as_text(std::as_bytes(std::span(data, size)));
  const auto extensions = ws::parse_extensions(header_value);
  require(extensions.size() <=
          1 + static_cast<std::size_t>(std::count(header_value.begin(), header_value.end(), ',')));
  for (const auto& extension : extensions) check(extension, header_value);

  const auto is_deflate = [](const ws::Extension& e) { return iequals(e.name, "permessage-deflate"); };
  const ws::Negotiated meaning = ws::negotiated(extensions);
  require(meaning.permessage_deflate == std::any_of(extensions.begin(), extensions.end(), is_deflate));
  require(meaning.unknown_extension == !std::all_of(extensions.begin(), extensions.end(), is_deflate));
  return 0;
}

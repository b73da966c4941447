// SPDX-License-Identifier: Apache-2.0
#include "libcore/h2/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "libcore/base/ascii.h"
#include "libcore/http1/upgrade.h"

namespace wstap::h2 {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
// What frames a message or belongs to a connection of HTTP/1, and has no place in HTTP/2 (RFC 9113 8.2.2).
constexpr std::array<std::string_view, 5> kOfConnection = {"connection", "keep-alive", "proxy-connection",
                                                           "transfer-encoding", "upgrade"};

std::string_view value_of(const Fields& head, std::string_view name) noexcept {
  const auto* value = find(head, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

bool is_pseudo(const Field& field) noexcept {
  return field.name.starts_with(':');
}

void add_ordinary(const Fields& head, http1::Fields& to) {
  const bool has_host = to.find("Host") != nullptr;
  // One field of its own each, as RFC 9113 8.2.3 wants it put together again.
  std::string cookies;
  for (const auto& field : head) {
    if (is_pseudo(field) || (has_host && field.name == "host")) continue;
    if (field.name != "cookie") {
      to.add(field.name, field.value);
      continue;
    }
    if (!cookies.empty()) cookies += "; ";
    cookies += field.value;
  }
  if (!cookies.empty()) to.add("cookie", cookies);
}

void add_upgrade(http1::Fields& to) {
  to.add("Connection", "Upgrade");
  to.add("Upgrade", "websocket");
}

}  // namespace

bool is_websocket_request(const Fields& head) noexcept {
  return value_of(head, ":method") == "CONNECT" && iequals(value_of(head, ":protocol"), "websocket");
}

int status_of(const Fields& head) noexcept {
  const auto text = value_of(head, ":status");
  int status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

http1::RequestHead http1_request(const Fields& head) {
  const bool upgrade = is_websocket_request(head);
  http1::RequestHead made;
  made.method = upgrade ? "GET" : value_of(head, ":method");
  // A CONNECT that asks for no protocol has no path: its authority is its target (RFC 9113 8.5).
  const auto path = value_of(head, ":path");
  const auto authority = value_of(head, ":authority");
  made.target = path.empty() ? authority : path;
  made.version = "HTTP/1.1";
  made.first_line = fmt::format("{} {} {}{}", made.method, made.target, made.version, kLineEnd);
  if (!authority.empty()) made.fields.add("Host", authority);
  if (upgrade) add_upgrade(made.fields);
  add_ordinary(head, made.fields);
  made.end = kLineEnd;
  return made;
}

http1::ResponseHead http1_response(const Fields& head, bool upgrade) {
  http1::ResponseHead made;
  made.status = status_of(head);
  const bool switches = upgrade && made.status / 100 == 2;
  if (switches) made.status = 101;
  made.version = "HTTP/1.1";
  made.first_line = fmt::format("{} {} {}{}", made.version, made.status, made.reason, kLineEnd);
  if (switches) add_upgrade(made.fields);
  add_ordinary(head, made.fields);
  made.end = kLineEnd;
  return made;
}

Fields http2_response(const http1::ResponseHead& head) {
  auto ordinary = head;
  http1::strip_hop_by_hop(ordinary);
  Fields made = {{":status", std::to_string(head.status)}};
  for (const auto& field : ordinary.fields.list()) {
    auto name = to_lower(field.name);
    if (std::ranges::find(kOfConnection, name) == kOfConnection.end())
      made.push_back({std::move(name), field.value});
  }
  return made;
}

std::string text(const Fields& head) {
  std::string all;
  for (const auto& field : head) all += fmt::format("{}: {}{}", field.name, field.value, kLineEnd);
  return all += kLineEnd;
}

}  // namespace wstap::h2

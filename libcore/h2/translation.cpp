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
constexpr std::array<std::string_view, 7> kOfConnection = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "host"};
// What an upgrade is proven by, which extended CONNECT has no need of (RFC 8441 5); and a length that neither
// has.
constexpr std::array<std::string_view, 3> kOfUpgrade = {"sec-websocket-key", "sec-websocket-accept",
                                                        "content-length"};

bool is_one_of(const auto& names, std::string_view name) noexcept {
  return std::ranges::find(names, name) != names.end();
}

std::string_view value_of(const Fields& head, std::string_view name) noexcept {
  const auto* value = find(head, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

bool is_pseudo(const Field& field) noexcept {
  return field.name.starts_with(':');
}

/// @param upgrade  of a WebSocket, which has no body, and whose proofs are HTTP/1's.
void add_ordinary(const Fields& head, bool upgrade, http1::Fields& to) {
  const bool has_host = to.find("Host") != nullptr;
  // One field of its own each, as RFC 9113 8.2.3 wants it put together again.
  std::string cookies;
  for (const auto& field : head) {
    if (is_pseudo(field) || (has_host && field.name == "host")) continue;
    if (upgrade && is_one_of(kOfUpgrade, field.name)) continue;
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

/// Fields that stay, in their order. @param upgrade  it opens a WebSocket.
void add_ordinary(const http1::Fields& from, bool upgrade, Fields& to) {
  for (const auto& field : from.list()) {
    auto name = to_lower(field.name);
    if (is_one_of(kOfConnection, name) || (upgrade && is_one_of(kOfUpgrade, name))) continue;
    if (name == "te" && !iequals(field.value, "trailers")) continue;
    to.push_back({std::move(name), field.value});
  }
}

template <class Head>
http1::Fields without_connection_fields(Head head) {
  http1::strip_hop_by_hop(head);
  return std::move(head.fields);
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
  add_ordinary(head, upgrade, made.fields);
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
  add_ordinary(head, switches, made.fields);
  made.end = kLineEnd;
  return made;
}

Fields http2_request(const http1::RequestHead& head, std::string_view scheme) {
  const bool upgrade = http1::is_websocket_upgrade(head);
  Fields made = {{":method", upgrade ? "CONNECT" : head.method}};
  if (upgrade) made.push_back({":protocol", "websocket"});
  made.push_back({":scheme", std::string(scheme)});
  if (const auto* host = head.fields.find("Host")) made.push_back({":authority", *host});
  made.push_back({":path", head.target});
  add_ordinary(without_connection_fields(head), upgrade, made);
  return made;
}

Fields http2_response(const http1::ResponseHead& head) {
  const bool switches = head.status == 101;
  Fields made = {{":status", std::to_string(switches ? 200 : head.status)}};
  add_ordinary(without_connection_fields(head), switches, made);
  return made;
}

Fields http2_trailers(const http1::Fields& trailers) {
  Fields made;
  add_ordinary(trailers, false, made);
  std::erase_if(made, [](const Field& field) { return field.name == "content-length"; });
  return made;
}

http1::Fields http1_trailers(const Fields& trailers) {
  http1::Fields made;
  for (const auto& field : trailers)
    if (!is_pseudo(field) && !is_one_of(kOfConnection, field.name) && field.name != "content-length")
      made.add(field.name, field.value);
  return made;
}

std::string text(const Fields& head) {
  std::string all;
  for (const auto& field : head) all += fmt::format("{}: {}{}", field.name, field.value, kLineEnd);
  return all += kLineEnd;
}

}  // namespace wstap::h2

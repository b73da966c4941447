// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/ascii.h"
#include "libcore/http1/errors.h"

namespace wstap::http1 {
namespace {

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(Errc::bad_target, fmt::format("'{}': {}", text, why));
}

/// Letters, digits and what registered names and percent-encoding use (RFC 3986 3.2.2); colons inside
/// brackets only.
bool is_host(std::string_view host, bool bracketed) {
  constexpr std::string_view kMarks = "-._~%!$&'()*+;=";
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    const char lower = ascii_lower(c);
    const bool alphanumeric = is_digit(c) || (lower >= 'a' && lower <= 'z');
    if (bracketed) return is_digit(c) || (lower >= 'a' && lower <= 'f') || c == ':' || c == '.';
    return alphanumeric || static_cast<unsigned char>(c) >= 0x80 || kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string Authority::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  if (text.find('@') != std::string_view::npos) return bad(text, "user information is not supported");
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end == std::string_view::npos) return bad(text, "no closing bracket");
  const auto host = bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end);
  if (!is_host(host, bracketed)) return bad(text, "not a host");

  auto rest =
      host_end == std::string_view::npos ? std::string_view() : text.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty() || rest == ":") {
    if (default_port == 0) return bad(text, "no port");
    return Authority{std::string(host), default_port};
  }
  if (!rest.starts_with(':')) return bad(text, "text behind the host");
  const auto port = parse_decimal<std::uint16_t>(rest.substr(1));
  if (!port || *port == 0) return bad(text, "not a port");
  return Authority{std::string(host), *port};
}

Result<Url> parse_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos)
    return bad(text, "no scheme (expected http://, https://, ws:// or wss://)");
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  const bool plain = url.scheme == "http" || url.scheme == "ws";
  if (!plain && !url.secure()) return bad(text, "the scheme is not http, https, ws or wss");
  if (text.find_first_of(" \t\r\n#") != std::string_view::npos) return bad(text, "white space or a fragment");

  const auto rest = text.substr(colon + 3);
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  url.host_field = rest.substr(0, authority_end);
  auto authority = parse_authority(url.host_field, plain ? 80 : 443);
  if (!authority) return std::unexpected(authority.error());
  url.authority = std::move(*authority);
  url.path = rest.substr(authority_end);
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  return url;
}

bool is_absolute_form(std::string_view target) noexcept {
  const auto colon = target.find("://");
  return colon != std::string_view::npos && target.find('/') == colon + 1;
}

}  // namespace wstap::http1

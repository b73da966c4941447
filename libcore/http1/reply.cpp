// SPDX-License-Identifier: Apache-2.0
#include "libcore/http1/reply.h"

#include <fmt/format.h>

#include "libcore/base/ascii.h"
#include "libcore/base/hex.h"
#include "libcore/base/printable.h"

namespace wstap::http1 {
namespace {

std::string_view phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Bad Gateway";
  }
}

std::string with_body(int status, std::string_view extra_fields, std::string_view type,
                      std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\n{}Content-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: "
      "close\r\n\r\n{}",
      status, phrase(status), extra_fields, type, body.size(), body);
}

std::string with_reason(int status, std::string_view extra_fields, std::string_view reason) {
  return with_body(status, extra_fields, "text/plain; charset=utf-8",
                   fmt::format("wstap: {}\n", printable(reason)));
}

}  // namespace

std::string error_reply(int status, std::string_view reason) {
  return with_reason(status, {}, reason);
}

std::string not_allowed_reply(std::string_view methods, std::string_view reason) {
  return with_reason(405, fmt::format("Allow: {}\r\n", methods), reason);
}

std::string too_many_reply(std::int64_t retry_after_s, std::string_view reason) {
  return with_reason(429, retry_after_s == 0 ? "" : fmt::format("Retry-After: {}\r\n", retry_after_s),
                     reason);
}

std::string without_body(std::string reply) {
  if (const auto end = reply.find("\r\n\r\n"); end != std::string::npos) reply.resize(end + 4);
  return reply;
}

std::string proxy_auth_reply() {
  return with_reason(407, "Proxy-Authenticate: Basic realm=\"wstap\"\r\n",
                     "this proxy asks for a user and a password");
}

std::string tunnel_reply() {
  return "HTTP/1.1 200 Connection established\r\n\r\n";
}

std::string content_reply(std::string_view type, Bytes body, std::string_view file_name) {
  const auto disposition = fmt::format("Content-Disposition: attachment; filename=\"{}\"\r\n", file_name);
  return with_body(200, disposition, type, as_text(body));
}

bool basic_credentials_match(std::string_view authorization, std::string_view user,
                             std::string_view password) {
  const auto space = authorization.find(' ');
  if (space == std::string_view::npos || !iequals(authorization.substr(0, space), "Basic")) return false;
  const auto decoded = from_base64(trim(authorization.substr(space)));
  if (!decoded) return false;
  const std::string wanted = fmt::format("{}:{}", user, password);
  const auto given = as_text(*decoded);
  unsigned difference = given.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(wanted[i % wanted.size()]);
  return difference == 0;
}

}  // namespace wstap::http1

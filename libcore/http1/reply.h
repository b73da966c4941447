// SPDX-License-Identifier: Apache-2.0
// The answers wstap gives itself, when there is no upstream to give one.
#pragma once

#include <string>
#include <string_view>

#include "libcore/base/bytes.h"

namespace wstap::http1 {

/// A complete response that says why, and that the connection closes. The reason is made harmless: one line,
/// printable.
std::string error_reply(int status, std::string_view reason);
/// 405 with the methods that are (RFC 9110 15.5.6): "GET, HEAD".
std::string not_allowed_reply(std::string_view methods, std::string_view reason);
/// 429 with the seconds to wait before another try (RFC 6585 4); 0: nobody can say.
std::string too_many_reply(std::int64_t retry_after_s, std::string_view reason);
/// 407 with the challenge for Basic credentials (RFC 9110 11.7.1).
std::string proxy_auth_reply();
/// 200 to CONNECT (RFC 9110 9.3.6): no body, the tunnel follows.
std::string tunnel_reply();
/// 200 with a body; the connection closes.
std::string content_reply(std::string_view type, Bytes body, std::string_view file_name);

/// The reply as it answers HEAD: what describes the body, without it (RFC 9110 9.3.2).
std::string without_body(std::string reply);

/// "Basic ..." holds this user and password (RFC 7617). Takes the same time for every wrong password.
bool basic_credentials_match(std::string_view authorization, std::string_view user,
                             std::string_view password);

}  // namespace wstap::http1

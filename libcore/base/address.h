// SPDX-License-Identifier: Apache-2.0
// IP addresses have many spellings; who compares them needs one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wstap {

/// How an address is usually written, whatever the resolver takes for it: "127.0.0.1" for "127.1",
/// "0x7f000001" and "::ffff:127.0.0.1"; "::1" for "0:0:0:0:0:0:0:1". The unspecified address becomes the
/// loopback one, which is where connections to it end.
/// @param host  without brackets. @return nothing: it is a name.
std::optional<std::string> canonical_address(std::string_view host);

}  // namespace wstap

// SPDX-License-Identifier: Apache-2.0
// SHA-1 (RFC 3174), for Sec-WebSocket-Accept only: protocol code stays free of OpenSSL. Not for security.
#pragma once

#include <array>

#include "libcore/base/bytes.h"

namespace wstap {

std::array<std::byte, 20> sha1(Bytes message);

}  // namespace wstap

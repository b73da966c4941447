// SPDX-License-Identifier: Apache-2.0
// Times as text (RFC 3339).
#pragma once

#include <string>

#include "libcore/base/clock.h"

namespace wstap::formats {

/// "2026-01-31T12:00:00.123456789Z": UTC, always with nine digits, so that texts sort as times do.
std::string rfc3339(UnixNs time);

}  // namespace wstap::formats

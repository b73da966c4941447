// SPDX-License-Identifier: Apache-2.0
// Times as text (RFC 3339).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libcore/base/clock.h"

namespace wstap {

/// "2026-01-31T12:00:00.123456789Z": UTC, always with nine digits, so that texts sort as times do.
std::string rfc3339(UnixNs time);

/// The time that people write: RFC 3339, where seconds, the whole time of day, and the zone (then UTC) may be
/// left out: "2026-01-31", "2026-01-31T12:00", "2026-01-31T12:00:00.5+01:00". None: it is no time, or one
/// that nanoseconds cannot say.
std::optional<UnixNs> parse_rfc3339(std::string_view text);

}  // namespace wstap

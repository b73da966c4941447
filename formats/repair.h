// SPDX-License-Identifier: Apache-2.0
// Makes a damaged capture whole: everything up to the damage, and nothing behind it.
#pragma once

#include <optional>

#include "formats/byte_source.h"

namespace wstap::formats {

struct Repaired {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;      ///< copied
  std::optional<Error> damage;  ///< where and what; nothing when the capture was whole
};

/// Copies the sound records of `from` to the new file `to` (mode 0600).
/// @error the system's own, and what CaptureReader says of something that is no capture at all; exists;
/// invalid_argument when the two are one file.
Result<Repaired> repair(const std::string& from, const std::string& to, bool force);

}  // namespace wstap::formats

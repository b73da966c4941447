// SPDX-License-Identifier: Apache-2.0
// Cap'n Proto's standard framing: a table of segments before each message says how long it is.
#pragma once

#include "formats/record.h"
#include "libcore/base/result.h"

namespace wstap::formats {

/// How much of the message at the start of `in` must be there before more can be said of it. No more than
/// in.size(): all of the message is there, and it is that long.
/// @error corrupt; record_too_large.
Result<std::size_t> bytes_needed(Bytes in, std::size_t max_bytes = kMaxRecordBytes);

}  // namespace wstap::formats

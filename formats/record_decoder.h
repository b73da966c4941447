// SPDX-License-Identifier: Apache-2.0
// Messages to records, from bytes that may be hostile.
#pragma once

#include "formats/framing.h"
#include "formats/record.h"
#include "libcore/base/result.h"

namespace wstap::formats {

/// Memory that decoding reuses from record to record.
struct DecoderScratch {
  std::vector<std::uint32_t> ends;
  std::vector<pipeline::Mark> marks;
};

/// @param message  exactly one message, at an address divisible by 8. A Burst views it, and `scratch`.
/// @error corrupt: the detail says what; bad_magic; newer_version. Offsets are 0.
Result<Record> decode(Bytes message, DecoderScratch& scratch);

}  // namespace wstap::formats

// SPDX-License-Identifier: Apache-2.0
// Bytes to records: framing (how long is the next message), and content, from bytes that may be hostile.
#pragma once

#include "formats/record.h"
#include "libcore/base/result.h"

namespace wstap::formats {

/// How much of the message at the start of `in` must be there before more can be said of it. No more than
/// in.size(): all of the message is there, and it is that long.
/// @error corrupt; record_too_large.
Result<std::size_t> bytes_needed(Bytes in);

/// Memory that decoding reuses from record to record.
struct DecoderScratch {
  std::vector<std::uint32_t> ends;
  std::vector<pipeline::Mark> marks;
};

/// @param message  exactly one message, at an address divisible by 8. A Burst views it, and `scratch`.
/// @error corrupt: the detail says what; bad_magic; newer_version. Offsets are 0.
Result<Record> decode(Bytes message, DecoderScratch& scratch);

}  // namespace wstap::formats

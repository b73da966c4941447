// SPDX-License-Identifier: Apache-2.0
// What one turn recorded, in bursts that are no larger than a record may be.
#pragma once

#include "libcore/pipeline/tap.h"

namespace wstap::pipeline {

/// What rules put beside one frame may be any number of frames of its size: they are told in bursts of at
/// most 20 MiB, and 32768 frames of which something is said, or of one frame that is larger.
/// @param from, to  of the burst's frames only these, [from, to); not after each other: none.
/// @error the tap's; what is behind it was not told.
Result<void> tell_in_pieces(Tap& tap, const Burst& burst, std::uint32_t from, std::uint32_t to);

}  // namespace wstap::pipeline

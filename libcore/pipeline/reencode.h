// SPDX-License-Identifier: Apache-2.0
// The frames of a turn that no step judges, written anew on their way through (FRM-6).
#pragma once

#include "libcore/base/entropy.h"
#include "libcore/pipeline/turn.h"
#include "libcore/ws/direction.h"
#include "libcore/ws/message_tracker.h"

namespace wstap::pipeline {

/// What leaves: the bytes that came where nothing is to be changed, else frames rewritten in place, or in
/// scratch.out where they grow. A marked frame leaves as its `sent`, or not at all.
Bytes reencode(Turn& turn, ws::Direction direction, const ws::Negotiated& negotiated, bool verbatim,
               Entropy& entropy);

}  // namespace wstap::pipeline

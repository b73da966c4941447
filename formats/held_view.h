// SPDX-License-Identifier: Apache-2.0
// Held items for people: a line each, or one in full, as `inspect` shows frames.
#pragma once

#include <string>

#include "libcore/pipeline/envelope.h"
#include "libcore/pipeline/held.h"

namespace wstap::formats {

/// The item as a frame that is not decided. Views the item's bytes; of a message that is held as one, the
/// header and the bytes are its last frame's.
pipeline::Envelope envelope_of(const pipeline::HeldItem& item);

/// "12:00:00.123456  1:7       -> text            5  pending (transfers, release in 58s)  Hello"
void held_line(std::string& out, const pipeline::HeldItem& item, UnixNs now_ns, bool colour);
/// "12:00:00.123456  1:7       = release (ann)"
void settled_line(std::string& out, const pipeline::Settled& settled, UnixNs now_ns, bool colour);

/// Header and payload as bytes; every field, one a line.
void raw_view(std::string& out, const pipeline::HeldItem& item);
void structured_view(std::string& out, const pipeline::HeldItem& item);

/// The ids of the rules that hold it, printable: "transfers, orders".
std::string rules_text(const pipeline::HeldItem& item);
/// "58s", "expired".
std::string time_left(const pipeline::HeldItem& item, UnixNs now_ns);

}  // namespace wstap::formats

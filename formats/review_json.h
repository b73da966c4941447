// SPDX-License-Identifier: Apache-2.0
// Held items, and what becomes of them, as JSON Lines (HOLD-2, HOLD-6): members are called as those of frames
// in `inspect --json` where they are the same.
#pragma once

#include <string>
#include <string_view>

#include "libcore/pipeline/held.h"

namespace wstap::formats {

/// {"type":"held","id":"1:7",...}, a line. Appended.
void held_json(std::string& out, const pipeline::HeldItem& item);

/// {"type":"settled","id":"1:7","how":"release","by":"timeout"}, a line.
void settled_json(std::string& out, const pipeline::Settled& settled);

/// {"id":"1:7","result":"late","by":"timeout","reason":".."}, a line.
/// @param id  of the decision that is answered, as it was written; empty: it had none.
void answer_json(std::string& out, std::string_view id, const pipeline::ReviewAnswer& answer);

}  // namespace wstap::formats

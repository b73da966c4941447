// SPDX-License-Identifier: Apache-2.0
// The cause of what is held (HOLD-2).
#pragma once

#include <string>
#include <vector>

namespace wstap::pipeline {

/// @param rules  ids of those that hold it. @return as Envelope::note_hold() reads it: "hold:ID,ID".
std::string hold_cause(const std::vector<std::string>& rules);

}  // namespace wstap::pipeline

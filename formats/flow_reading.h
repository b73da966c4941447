// SPDX-License-Identifier: Apache-2.0
// One flow's messages read from a capture that is being written, for somebody who goes on from there (DEF-7).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "libcore/pipeline/flow_facts.h"
#include "libcore/ws/message_reader.h"

namespace wstap::formats {

/// @param parts  the capture's files, all of them, in order.
/// @return the readers of both directions as they stand behind the last frame; none when the flow is not all
/// there.
std::optional<std::array<ws::MessageReader, 2>> read_flow(pipeline::FlowId flow,
                                                          std::vector<std::string> parts,
                                                          const ws::InflateLimits& limits);

}  // namespace wstap::formats

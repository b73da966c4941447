// SPDX-License-Identifier: Apache-2.0
// Records to bytes: Cap'n Proto messages in standard framing.
#pragma once

#include "formats/plain_burst.h"
#include "formats/record.h"

namespace wstap::formats {

Buffer encode(const Header& header);
Buffer encode(const pipeline::FlowOpened& flow);
Buffer encode(const pipeline::Outcome& outcome);
Buffer encode(const pipeline::FlowClosed& closed);
Buffer encode(const pipeline::ConnectionRecord& connection);
Buffer encode(const pipeline::Window& window);
Buffer encode(const pipeline::Note& note);
Buffer encode(const Gap& gap);
/// A burst of any shape; copies its bytes.
Buffer encode(const pipeline::Burst& burst);

}  // namespace wstap::formats

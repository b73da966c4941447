// SPDX-License-Identifier: Apache-2.0
// A message's payload, cut for the frames it leaves in (RFC 6455 5.4).
#pragma once

#include <vector>

#include "libcore/base/bytes.h"

namespace wstap::ws {

/// @param lengths  not empty. @return pieces that are to each other as `lengths` are, one for each; views.
std::vector<Bytes> in_proportion(Bytes payload, const std::vector<std::uint64_t>& lengths);

}  // namespace wstap::ws

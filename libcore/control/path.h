// SPDX-License-Identifier: Apache-2.0
// Where proxies have their control sockets, and which of them are there (HOLD-6).
#pragma once

#include <string>
#include <vector>

#include "libcore/base/result.h"

namespace wstap::control {

/// "$XDG_RUNTIME_DIR/wstap", or "/tmp/wstap-UID" without that variable.
std::string directory();
/// "PID.sock" in there, of this process.
std::string default_path();

/// The sockets in `folder` behind which somebody listens, by process id. Those of processes that are gone
/// are removed on the way, if nobody else is at it. No such directory: none.
/// @error as check_private_directory().
Result<std::vector<std::string>> live_sockets(const std::string& folder = directory());

}  // namespace wstap::control

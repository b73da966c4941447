// SPDX-License-Identifier: Apache-2.0
// `wstap intercept watch`: held items as they come, and what became of them (HOLD-7).
#pragma once

#include "cmd/command.h"
#include "libcore/control/client.h"

namespace wstap::cmd {

struct WatchForm {
  bool json = false;
  bool colour = false;
};
/// Until SIGINT or SIGTERM, or nobody reads it any more.
Exit watch_items(control::Client& proxy, WatchForm form, Io& io);

}  // namespace wstap::cmd

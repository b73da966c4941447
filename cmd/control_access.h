// SPDX-License-Identifier: Apache-2.0
// How `wstap intercept` finds the proxy that it speaks to, and as whom (HOLD-6).
#pragma once

#include <optional>
#include <string>

#include "cmd/command.h"
#include "libcore/control/client.h"

namespace CLI {
class App;
}

namespace wstap::cmd {

struct ControlAccess {
  std::string path;  ///< empty: that of the only proxy which runs
  std::string name;  ///< empty: default_reviewer()
};
void add_control_options(CLI::App& app, ControlAccess& access);

/// "ann@pts/3", or "ann" without a terminal.
std::string default_reviewer();

/// @param[out] status  of the command, where there is no connection: why is then said.
std::optional<control::Client> reach_proxy(const CLI::App& app, const ControlAccess& access, Io& io,
                                           Exit& status);

/// Says that the connection failed. @return the status that tells about it.
Exit connection_failed(const Error& error, Io& io);

}  // namespace wstap::cmd

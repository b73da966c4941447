// SPDX-License-Identifier: Apache-2.0
// Options of `wstap proxy` that make no sense together.
#pragma once

#include "cmd/proxy_options.h"

namespace wstap::cmd {

/// Those of which only one can be meant: refused in one place, and of two places the nearer wins (CLI-3).
void declare_proxy_conflicts(CLI::App& app);

/// Looks for options on the command line that do nothing beside the others. In the environment and in files
/// they may stand: they are meant for other runs as well.
/// @param settings  as parsed, not completed yet.
/// @return what is wrong, for a usage error; empty: nothing.
std::string find_useless_option(const CLI::App& app, const ProxySettings& settings);

}  // namespace wstap::cmd

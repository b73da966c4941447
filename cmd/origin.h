// SPDX-License-Identifier: Apache-2.0
// Where the values of options came from (CLI-3), so that who gave a wrong one finds it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace wstap::cmd {

/// The command that was named last; `app` itself when none was.
const CLI::App& innermost(const CLI::App& app);

/// An option together with the command that has it.
struct Placed {
  const CLI::App* app = nullptr;
  const CLI::Option* option = nullptr;  ///< null: there is none
};
/// The option that a text about a fault begins with, as "--max-frame: ..." does: of the commands that were
/// named, or, as a configuration file has entries for all of them, of another one.
/// @param app  any of the program's.
Placed option_at_fault(const CLI::App& app, std::string_view fault);

/// Its value is nobody's to see.
bool is_secret(const CLI::Option& option);

/// "WSTAP_MAX_FRAME in the environment", "FILE:LINE"; empty: the command line, or nowhere.
std::string origin(const Placed& placed);

/// A fault with the origin of the option it begins with in front of it, if that is not the command line.
std::string with_origin(const CLI::App& app, std::string fault);

}  // namespace wstap::cmd

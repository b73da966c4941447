// SPDX-License-Identifier: Apache-2.0
// What the program says about its own options: the help, and the one line about a usage error.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace wstap::cmd {

/// Help for a terminal of 80 columns. Without the names of environment variables: the footer says how they
/// are made.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* sub) const override;
  std::string make_footer(const CLI::App* app) const override;
};

/// "wstap proxy", "wstap ca export": the commands that were named, one within the other.
std::string command_path(const CLI::App& app);

/// One line: which command, what is wrong, what to do.
std::string usage_text(const CLI::App& app, const CLI::ParseError& error);

}  // namespace wstap::cmd

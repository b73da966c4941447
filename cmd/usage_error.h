// SPDX-License-Identifier: Apache-2.0
// What is wrong with what was typed, or stands in the environment or a configuration file, in words of our
// own: where, which option, which value, and what is wanted.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace wstap::cmd {

/// @param app  the program's.
std::string usage_fault(const CLI::App& app, const CLI::ParseError& error);

}  // namespace wstap::cmd

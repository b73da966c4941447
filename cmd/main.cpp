// SPDX-License-Identifier: Apache-2.0
// The program: finds the subcommand, fills its options (flag > environment > --config > XDG config > default,
// CLI-3), runs it, turns what it says into an exit status.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "cmd/command.h"
#include "cmd/config_file.h"
#include "cmd/help.h"
#include "cmd/origin.h"
#include "cmd/output.h"
#include "cmd/version.h"

namespace wstap::cmd {
namespace {

/// On the command line, an option wins over those in the environment that cannot go with it (CLI-3): they are
/// forgotten as soon as it is seen.
void outrank_environment(CLI::Option& option) {
  const auto others = option.get_excludes();
  if (others.empty()) return;
  option.trigger_on_parse()->each([&option, others](const std::string&) {
    // Or else CLI11 forgets the first of two values, instead of refusing both.
    option.trigger_on_parse(false);
    for (CLI::Option* other : others) other->envname({});
  });
}

/// Only the command that is run looks at the environment: a name such as WSTAP_FORMAT means something else to
/// another one.
void name_environment(CLI::App& app) {
  for (CLI::App* sub : app.get_subcommands({})) {
    sub->preparse_callback([sub](std::size_t) {
      for (CLI::Option* option : sub->get_options()) {
        if (!option->nonpositional() || option == sub->get_help_ptr()) continue;
        const auto variable = environment_name(option->get_lnames().front());
        const char* value = std::getenv(variable.c_str());
        if (option->get_configurable() && (value == nullptr || !takes_back(*option, value)))
          option->envname(variable);
        outrank_environment(*option);
      }
    });
    name_environment(*sub);
  }
}

/// A script's variable that is not set must not make an option mean nothing: `-Y "$FILTER"` would pick
/// everything. A password may be empty, and what is to be said to a peer.
void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const bool is_said =
        option->check_lname("text") || option->check_lname("hex") || option->check_lname("close-reason");
    if (option->get_expected_max() == 0 || is_secret(*option) || is_said) continue;
    option->check([](const std::string& value) {
      return value.empty() ? std::string("the value is empty") : std::string();
    });
  }
  for (CLI::App* sub : app.get_subcommands({})) refuse_empty_values(*sub);
}

/// $XDG_CONFIG_HOME/wstap/config.toml, or where that is by default; empty when there is no such file.
std::string xdg_config() {
  const char* base = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path path;
  if (base != nullptr && *base != '\0') {
    path = base;
  } else if (home != nullptr && *home != '\0') {
    path = std::filesystem::path(home) / ".config";
  } else {
    return {};
  }
  path = path / "wstap" / "config.toml";
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) ? path.string() : std::string();
}

int run(int argc, char** argv, Io& io) {
  CLI::App app("wstap: records and shows WebSocket traffic, frame by frame", "wstap");
  app.set_help_flag("-h,--help", "show this help");
  app.set_version_flag("-V,--version", std::string("wstap ") + kVersion, "show the version");
  app.require_subcommand(1);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.formatter(std::make_shared<HelpFormatter>());
  app.config_formatter(std::make_shared<ConfigFile>(app));
  app.set_config(
         "--config", "",
         "read options from this TOML file: a table for each command, a key for each option; may be repeated")
      ->type_name("FILE")
      ->expected(1, -1)
      ->allow_extra_args(false)
      ->take_all();
  app.footer(
      "Each command has --help and a page of its own: man wstap-proxy. An option such as --close-timeout can "
      "also be set as WSTAP_CLOSE_TIMEOUT in the environment, and in a configuration file: man wstap.");

  Run chosen;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->group("Commands")->fallthrough();
    const Run run = command.setup(*sub);
    // Options of commands within commands are typed: the environment and files have those of the outer one.
    for (CLI::App* nested : sub->get_subcommands({}))
      if (nested->get_footer() == app.get_footer())
        nested->footer(fmt::format("Manual: wstap-{}(1)", command.name));
    // The callback runs after parsing: only then is it known which command was meant.
    sub->callback([&chosen, run] { chosen = run; });
  }
  name_environment(app);
  refuse_empty_values(app);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto config = xdg_config(); !config.empty())
    arguments.insert(arguments.begin(), {"--config", config});
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    const int status = app.exit(success, io.out, io.err);
    // A long help is written before it is flushed.
    return io.out.flush() ? status : static_cast<int>(output_failed(io));
  } catch (const CLI::ParseError& error) {
    io.err << usage_text(app, error) << '\n';
    return static_cast<int>(Exit::usage);
  }
  return static_cast<int>(chosen(io));
}

/// Of a standard stream that was closed, something else would take the number, and be read or written in its
/// place. Nothing is to be read then, and whoever writes gets to know.
void occupy_closed_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDONLY);
}

}  // namespace
}  // namespace wstap::cmd

int main(int argc, char** argv) {
  wstap::cmd::occupy_closed_streams();
  // A closed pipe, and a file over its limit, are noticed by the write that fails (CLI-1, CAP-3).
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::ios::sync_with_stdio(false);
  wstap::cmd::Io io{std::cin, std::cout, std::cerr};
  try {
    const int status = wstap::cmd::run(argc, argv, io);
    if (!io.out.good() || io.out.flush().good()) return status;
    return static_cast<int>(wstap::cmd::output_failed(io));
  } catch (const std::exception& bug) {
    std::cerr << "wstap: internal error: " << bug.what() << " (please report this)\n";
    return static_cast<int>(wstap::cmd::Exit::failed);
  }
}

// SPDX-License-Identifier: Apache-2.0
// The program: finds the subcommand, fills its options (flag > environment > --config > XDG config > default,
// CLI-3), runs it, turns what it says into an exit status.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "cmd/command.h"
#include "cmd/version.h"

namespace wstap::cmd {
namespace {

/// "close-timeout" is set by WSTAP_CLOSE_TIMEOUT.
std::string environment_name(std::string_view option) {
  std::string name = "WSTAP_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

/// CLI11 lets a config file win over the environment; here it is the other way round.
class ConfigBelowEnvironment final : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    auto found = CLI::ConfigTOML::from_config(input);
    std::erase_if(
        found, [](const auto& item) { return std::getenv(environment_name(item.name).c_str()) != nullptr; });
    return found;
  }
};

/// Without the names of environment variables: the footer says how they are made.
class QuietFormatter final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() != 0) {
      if (!option->get_type_name().empty()) text += " " + option->get_type_name();
      if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
      if (option->get_expected_max() > 1) text += " ...";
    }
    return text;
  }
};

void name_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_positional() || option->get_lnames().empty()) continue;
    const auto& name = option->get_lnames().front();
    if (name != "help" && name != "config" && name != "version") option->envname(environment_name(name));
  }
  for (CLI::App* sub : app.get_subcommands({})) name_environment(*sub);
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

/// One line about a usage error, and where to read on.
Exit usage_error(const CLI::App& app, const CLI::ParseError& error, Io& io) {
  std::string name = "wstap";
  for (const CLI::App* sub : app.get_subcommands()) name += " " + sub->get_name();
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  io.err << name << ": " << text << " (see '" << name << " --help')\n";
  return Exit::usage;
}

int run(int argc, char** argv, Io& io) {
  CLI::App app("wstap: shows, records and changes WebSocket traffic, frame by frame", "wstap");
  app.set_version_flag("-V,--version", std::string("wstap ") + kVersion);
  app.require_subcommand(1);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.formatter(std::make_shared<QuietFormatter>());
  app.config_formatter(std::make_shared<ConfigBelowEnvironment>());
  app.set_config("--config", "", "read options from this TOML file: one table a command, one key an option")
      ->type_name("FILE")
      ->expected(1, 2)
      ->take_all();
  app.footer(
      "Every option of a command can also be set by WSTAP_OPTION_NAME in the environment.\n"
      "Manual: wstap(1), and wstap-COMMAND(1) for each command.");

  Run chosen;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->fallthrough();
    // The callback runs after parsing: only then is it known which command was meant.
    sub->callback([&chosen, run = command.setup(*sub)] { chosen = run; });
  }
  name_environment(app);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto config = xdg_config(); !config.empty())
    arguments.insert(arguments.begin(), {"--config", config});
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    return app.exit(success, io.out, io.err);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(usage_error(app, error, io));
  }
  return static_cast<int>(chosen(io));
}

}  // namespace
}  // namespace wstap::cmd

int main(int argc, char** argv) {
  // A closed pipe is noticed by the write that fails, and ends quietly (CLI-1).
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  wstap::cmd::Io io{std::cin, std::cout, std::cerr};
  try {
    const int status = wstap::cmd::run(argc, argv, io);
    io.out.flush();
    return status;
  } catch (const std::exception& bug) {
    std::cerr << "wstap: internal error: " << bug.what() << " (please report this)\n";
    return static_cast<int>(wstap::cmd::Exit::failed);
  }
}

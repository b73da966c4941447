// SPDX-License-Identifier: Apache-2.0
// The table of subcommands. A command is added here, in cmd/NAME.cpp, in man/wstap-NAME.1, and nowhere else.
#include <array>
#include <ostream>

#include "cmd/command.h"
#include "libcore/base/printable.h"

namespace wstap::cmd {

Run setup_proxy(CLI::App& app);
Run setup_inspect(CLI::App& app);
Run setup_intercept(CLI::App& app);
Run setup_ca(CLI::App& app);
Run setup_rules(CLI::App& app);
Run setup_echo(CLI::App& app);

std::span<const Command> commands() noexcept {
  static constexpr std::array kCommands = {
      Command{"proxy", "Put wstap between clients and servers and record every frame", setup_proxy},
      Command{"inspect", "Show what a capture holds: frames, flows, bytes", setup_inspect},
      Command{"intercept", "Decide about frames that a proxy holds: release, drop, change", setup_intercept},
      Command{"rules", "Check a file of rules that say what to change on the way", setup_rules},
      Command{"ca", "Show or export the certificate authority that clients must trust", setup_ca},
      Command{"echo", "Run a small WebSocket server to try things against", setup_echo},
  };
  return kCommands;
}

void complain(Io& io, std::string_view command, std::string_view text) {
  io.err << "wstap " << command << ": " << printable(text) << '\n';
}

void complain_in_lines(Io& io, std::string_view command, std::string_view text) {
  const auto end = text.find('\n');
  complain(io, command, text.substr(0, end));
  if (end != std::string_view::npos) io.err << text.substr(end + 1) << '\n';
}

}  // namespace wstap::cmd

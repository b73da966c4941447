// SPDX-License-Identifier: Apache-2.0
// What a subcommand is: a row in one table. Does not include CLI11, whose header costs seconds in every file.
#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace wstap::cmd {

/// Exit statuses (CLI-2). Beyond these: 130 and 143 after SIGINT and SIGTERM with work left undone.
enum class Exit : int {
  ok = 0,
  failed = 1,
  usage = 2,     ///< bad options or rules
  damaged = 3,   ///< an input file is torn or corrupt
  network = 4,   ///< or TLS
  diverged = 5,  ///< a replay got other answers
  blocked = 6,   ///< rules would block something
  interrupted = 130,
  terminated = 143,
};

/// The three streams of a command. stdout is data, stderr is for people.
struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

using Run = std::function<Exit(Io&)>;

struct Command {
  std::string_view name;     ///< as typed: one word, also the name of its page: wstap-NAME(1)
  std::string_view summary;  ///< one line for the list of commands
  Run (*setup)(CLI::App&);   ///< declares options; opens nothing, starts nothing
};

/// All subcommands, in the order of the help.
std::span<const Command> commands() noexcept;

/// Prints the one line by which a command says why it failed: "wstap NAME: TEXT".
void complain(Io& io, std::string_view command, std::string_view text);
/// ... with lines of its own behind the first, which show a place in what somebody wrote.
void complain_in_lines(Io& io, std::string_view command, std::string_view text);

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
// A terminal on standard input and output, for a conversation of single keys above which other things are
// said.
#pragma once

#include <termios.h>

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace wstap::cmd {

/// The terminal is as it was before once this is gone, and between lines() and keys().
class Console {
 public:
  /// @param out  standard output; outlives it.
  Console(std::ostream& out, bool colour);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// From now on keys come at once, and are not shown.
  void keys();
  /// ... whole lines, as the terminal lets people write them.
  void lines();

  /// A key that is there: to be called when standard input is ready. What function keys send is passed over.
  /// @return kEnd at the end.
  std::optional<char> key();
  static constexpr char kEnd = 4;  ///< also what ^D sends

  struct Size {
    std::size_t columns = 80, rows = 24;
  };
  static Size size() noexcept;

  /// Whole lines; where there is a prompt, above it, once that is shown again.
  void say(std::string_view lines);
  /// Shows a prompt in the last line, in the place of the one before. It must fit.
  void prompt(std::string_view text);
  /// What comes next is written behind the prompt.
  void leave_prompt();
  /// The prompt goes; nothing of it stays.
  void clear_prompt();

  /// What is said waits, as long as somebody else writes to the terminal.
  void mute() { muted_ = true; }
  void unmute();

  std::string paint(std::string_view text, const char* code) const;

 private:
  std::ostream& out_;
  bool colour_;
  bool muted_ = false;
  std::string unsaid_;
  termios before_{};
  std::string prompt_;  ///< what stands in the last line
};

}  // namespace wstap::cmd

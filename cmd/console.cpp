// SPDX-License-Identifier: Apache-2.0
#include "cmd/console.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>
#include <utility>

namespace wstap::cmd {
namespace {

constexpr char kEscape = 0x1b;

/// A character, if one is there.
std::optional<char> next_of_sequence() {
  pollfd state{STDIN_FILENO, POLLIN, 0};
  char c = 0;
  const bool there = ::poll(&state, 1, 0) > 0 && ::read(STDIN_FILENO, &c, 1) == 1;
  return there ? std::optional(c) : std::nullopt;
}

/// What follows an escape character: ECMA-48, or of Alt a letter, which must not pass for the letter.
void pass_sequence() {
  auto c = next_of_sequence();
  if (c == 'O') next_of_sequence();
  if (c != '[') return;
  do c = next_of_sequence();
  while (c && (*c < '@' || *c > '~'));
}

}  // namespace

Console::Console(std::ostream& out, bool colour) : out_(out), colour_(colour) {
  ::tcgetattr(STDIN_FILENO, &before_);
}

Console::~Console() {
  clear_prompt();
  lines();
}

void Console::keys() {
  termios mode = before_;
  mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

void Console::lines() {
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

std::optional<char> Console::key() {
  char key = 0;
  const auto got = ::read(STDIN_FILENO, &key, 1);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  if (got <= 0) return kEnd;
  if (key != kEscape) return key;
  pass_sequence();
  return std::nullopt;
}

Console::Size Console::size() noexcept {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Console::clear_prompt() {
  if (prompt_.empty()) return;
  out_ << '\r' << std::string(prompt_.size(), ' ') << '\r' << std::flush;
  prompt_.clear();
}

void Console::say(std::string_view lines) {
  if (muted_) {
    unsaid_ += lines;
    return;
  }
  clear_prompt();
  out_ << lines << std::flush;
}

void Console::unmute() {
  muted_ = false;
  say(std::exchange(unsaid_, {}));
}

void Console::prompt(std::string_view text) {
  if (text == prompt_) return;
  // A shorter one would leave something of the one before. No control sequence, for terminals that know none.
  const auto rest = prompt_.size() > text.size() ? prompt_.size() - text.size() : 0;
  out_ << '\r' << paint(text, "1;34");
  if (rest != 0) out_ << std::string(rest, ' ') << '\r' << paint(text, "1;34");
  out_ << std::flush;
  prompt_ = text;
}

void Console::leave_prompt() {
  if (!prompt_.empty()) out_ << '\n' << std::flush;
  prompt_.clear();
}

std::string Console::paint(std::string_view text, const char* code) const {
  return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace wstap::cmd

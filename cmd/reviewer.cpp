// SPDX-License-Identifier: Apache-2.0
// The conversation; what else comes meanwhile is in reviewer_events.cpp, the editing in reviewer_edits.cpp.
#include "cmd/reviewer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "cmd/control_access.h"
#include "cmd/intercept_once.h"
#include "cmd/review_screen.h"
#include "formats/held_view.h"
#include "libcore/base/printable.h"
#include "libcore/control/errors.h"

namespace wstap::cmd {
namespace {

using pipeline::ReviewAnswer;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestLine = 4'096;
// A key that is on its way when an item goes by itself must not decide about the next one, unseen.
constexpr std::chrono::milliseconds kReflex{700};
// An answer mostly comes at once.
constexpr std::chrono::milliseconds kSlow{1500};

}  // namespace

Reviewer::Reviewer(control::Client& proxy, bool colour, Io& io)
    : proxy_(proxy),
      io_(io),
      signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}),
      console_(io.out, colour) {}

Exit Reviewer::run() {
  if (const auto begun = proxy_.ask(control::Watch{}); !begun) return connection_failed(begun.error(), io_);
  console_.keys();
  while (!quit_ && !lost_) {
    current_ = queue_.next();
    current_ ? review() : idle();
  }
  return ended();
}

Exit Reviewer::ended() {
  console_.clear_prompt();
  console_.lines();
  if (lost_) return connection_failed(*lost_, io_);
  const auto open = queue_.size() + skipped_.size() + (current_ ? 1 : 0);
  if (open != 0)
    console_.say(
        fmt::format("{} held as before\n", open == 1 ? "one item is" : fmt::format("{} items are", open)));
  if (signal_ == 0) return Exit::ok;
  return signal_ == SIGINT ? Exit::interrupted : Exit::terminated;
}

/// Until something is held.
void Reviewer::idle() {
  console_.prompt(skipped_.empty() ? "nothing is held (q: quit) " : "nothing else is held (q: quit) ");
  const auto ready = wait(true);
  if (!ready.input) return;
  const auto key = console_.key();
  if (key == 'q' || key == Console::kEnd) quit_ = true;
}

void Reviewer::review() {
  as_bytes_ = false;
  gone_.reset();
  draft_.reset();
  console_.say('\n' + item_heading(*current_, console_));
  show_content();
  while (const auto key = ask_key())
    if (act(*key)) break;
  if (gone_) {
    heeds_from_ = Clock::now() + kReflex;
    console_.leave_prompt();
    console_.say(
        fmt::format("{}: {}, by {}\n", to_text(gone_->id), printable(gone_->how), printable(gone_->by)));
  }
  if (!quit_ && !lost_) current_ = nullptr;
}

void Reviewer::show_content() {
  const auto window = Console::size();
  console_.say(as_bytes_ ? item_bytes(*current_, window) : item_content(*current_, window));
}

std::optional<char> Reviewer::ask_key() {
  while (!is_over()) {
    console_.prompt(item_prompt(*current_, queue_.size(), SystemClock().now_ns(), Console::size()));
    if (!wait(true).input || is_over()) continue;
    const auto key = console_.key();
    const bool quits = key == 'q' || key == Console::kEnd;
    if (key && (quits || Clock::now() >= heeds_from_)) return key;
  }
  return std::nullopt;
}

bool Reviewer::confirms(std::string_view question) {
  console_.say({});
  while (!is_over()) {
    console_.prompt(question);
    if (!wait(true).input || is_over()) continue;
    const auto key = console_.key();
    if (!key) continue;
    console_.leave_prompt();
    return key == 'y';
  }
  return false;
}

std::optional<std::string> Reviewer::ask_line(std::string_view question) {
  console_.say(question);
  console_.lines();
  console_.mute();
  LineInput input(STDIN_FILENO, kLongestLine);
  std::optional<LineInput::Line> line;
  while (!is_over() && !input.ended() && !(line = input.next()))
    if (wait(true).input) input.read_some();
  console_.keys();
  console_.unmute();
  if (!line) {
    console_.say("\n");
    return std::nullopt;
  }
  return std::string(line->text);
}

bool Reviewer::act(char key) {
  console_.say({});
  switch (key) {
    case 'r': return decide({.action = Review::Action::release});
    case 'd': return decide({.action = Review::Action::drop});
    case 'a': return decide_always(Review::Action::release);
    case 'n': return decide_always(Review::Action::drop);
    case 'e': return edit_text();
    case 'h': return edit_hex();
    case 'c': return edit_close();
    case 'v':
      as_bytes_ = !as_bytes_;
      show_content();
      return false;
    case 's':
      console_.say(fmt::format("{}: skipped\n", to_text(current_->id)));
      skipped_.insert(current_->id);
      return true;
    case 'q':
    case Console::kEnd: quit_ = true; return true;
    default: console_.say(item_help(*current_)); return false;
  }
}

bool Reviewer::decide(Review review) {
  const auto result = submit(std::move(review));
  return !result || *result != ReviewAnswer::Result::refused;
}

std::optional<ReviewAnswer::Result> Reviewer::submit(Review review) {
  const auto action = review.action;
  review.id = current_->id;
  const auto serial = proxy_.send(control::Decide{std::move(review)});
  if (!serial && serial.error().code == std::errc::message_size) {
    console_.say(serial.error().text() + '\n');
    return ReviewAnswer::Result::refused;
  }
  if (!serial) {
    lost_ = serial.error();
    return std::nullopt;
  }
  deciding_ = *serial;
  const auto slow = Clock::now() + kSlow;
  while (!answer_ && !quit_ && !lost_) await_answer(Clock::now() >= slow);
  deciding_.reset();
  const auto answer = std::exchange(answer_, std::nullopt);
  if (!answer && quit_ && signal_ == 0 && !lost_)
    lost_ =
        Error{control::Errc::timed_out, "the proxy has not answered; what was decided may still be done", 0};
  if (!answer) return std::nullopt;
  gone_.reset();  // by this decision, or by the one that the answer tells of
  const bool done = answer->result == ReviewAnswer::Result::ok;
  const auto what = done ? std::string(done_text(action)) : printable(answer_text(*answer));
  console_.say(fmt::format("{}: {}\n", to_text(current_->id), what));
  return answer->result;
}

/// @param slow  it takes long enough to be told.
void Reviewer::await_answer(bool slow) {
  if (slow) console_.prompt("the proxy has not answered yet (q: quit) ");
  if (!wait(slow).input) return;
  const auto key = console_.key();
  if (key == 'q' || key == Console::kEnd) quit_ = true;
}

bool Reviewer::decide_always(Review::Action action) {
  const auto result = submit({.action = action});
  if (!result) return true;
  if (*result == ReviewAnswer::Result::refused) return false;
  const auto same = queue_.always(*current_, action);
  console_.say(fmt::format("from now on, what {} hold{} is {} without a question\n",
                           formats::rules_text(*current_), current_->rules.size() == 1 ? "s" : "",
                           done_text(action)));
  for (const auto& item : same) decide_aside(item, action);
  return true;
}

}  // namespace wstap::cmd

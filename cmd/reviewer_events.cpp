// SPDX-License-Identifier: Apache-2.0
// What comes from elsewhere while a person thinks: other items, others' decisions, signals.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "cmd/intercept_once.h"
#include "cmd/review_screen.h"
#include "cmd/reviewer.h"
#include "libcore/base/printable.h"

namespace wstap::cmd {
namespace {

using pipeline::ReviewAnswer;

constexpr int kCountdown = 250;  ///< milliseconds: so that seconds are told at about their time

}  // namespace

Reviewer::Ready Reviewer::wait(bool wants_input, int other) {
  take_replies();
  if (is_over() || answer_ || (!current_ && queue_.size() != 0)) return {};
  std::array<pollfd, 4> waits = {pollfd{proxy_.descriptor(), POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
                                 pollfd{wants_input ? STDIN_FILENO : -1, POLLIN, 0},
                                 pollfd{other, POLLIN, 0}};
  // To be asked whatever it says: from then on it counts for how long nothing comes.
  const int patience = proxy_.patience_ms();
  const int at_most = !current_ ? patience : patience < 0 ? kCountdown : std::min(patience, kCountdown);
  if (::poll(waits.data(), waits.size(), at_most) < 0) return {};
  if (waits[1].revents != 0) take_signals();
  take_replies();
  return {.input = waits[2].revents != 0, .other = waits[3].revents != 0};
}

void Reviewer::take_replies() {
  while (!lost_) {
    const auto reply = proxy_.receive(std::chrono::milliseconds(0));
    if (!reply) lost_ = reply.error();
    if (!reply || !*reply) return;
    take_reply(**reply);
  }
}

void Reviewer::take_reply(const control::Reply& reply) {
  if (const auto* held = std::get_if<control::Held>(&reply.body)) {
    if (const auto action = queue_.add(held->item)) decide_aside(held->item, *action);
  } else if (const auto* settled = std::get_if<pipeline::Settled>(&reply.body)) {
    const bool is_current = current_ && current_->id == settled->id;
    if (is_current && !deciding_) gone_ = *settled;
    if (!is_current) queue_.settled(settled->id);
    skipped_.erase(settled->id);
  } else if (const auto* answer = std::get_if<ReviewAnswer>(&reply.body)) {
    take_answer(reply.serial, *answer);
  } else if (const auto* refusal = std::get_if<control::Refusal>(&reply.body)) {
    take_answer(reply.serial, {.result = ReviewAnswer::Result::refused, .reason = refusal->reason});
  }
}

void Reviewer::take_answer(std::uint32_t serial, const ReviewAnswer& answer) {
  if (serial == deciding_) {
    answer_ = answer;
    return;
  }
  const auto found = aside_.find(serial);
  if (found == aside_.end()) return;
  const auto [item, action] = found->second;
  const bool done = answer.result == ReviewAnswer::Result::ok;
  console_.say(fmt::format("{}: {}\n", to_text(item->id),
                           done ? std::string(done_text(action)) : printable(answer_text(answer))));
  aside_.erase(found);
  if (answer.result == ReviewAnswer::Result::refused) queue_.ask_about(item);
}

void Reviewer::decide_aside(pipeline::HeldItemPtr item, Review::Action action) {
  const auto serial = proxy_.send(control::Decide{Review{.id = item->id, .action = action}});
  if (!serial) {
    lost_ = serial.error();
  } else {
    aside_.emplace(*serial, Aside{std::move(item), action});
  }
}

void Reviewer::take_signals() {
  while (const int signal = signals_.take()) {
    if (signal == SIGTSTP) {
      stop_for_a_while();
    } else if (signal == SIGWINCH) {
      console_.clear_prompt();  // another may fit now
    } else {
      quit_ = true;
      signal_ = signal;
    }
  }
}

/// Until somebody has the program go on.
void Reviewer::stop_for_a_while() {
  console_.leave_prompt();
  console_.lines();
  ::raise(SIGSTOP);
  console_.keys();
}

}  // namespace wstap::cmd

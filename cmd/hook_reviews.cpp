// SPDX-License-Identifier: Apache-2.0
#include "cmd/hook_reviews.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include "cmd/control_access.h"
#include "cmd/intercept_once.h"
#include "formats/decision_json.h"
#include "formats/held_view.h"
#include "formats/review_json.h"
#include "libcore/base/units.h"

namespace wstap::cmd {
namespace {

using pipeline::Review;
using std::chrono::milliseconds;

constexpr std::string_view kName = "intercept";
constexpr milliseconds kForever = std::chrono::hours(24 * 365);

}  // namespace

HookReviews::HookReviews(control::Client& proxy, HookOptions options, Io& io)
    : proxy_(proxy), options_(std::move(options)), io_(io), signals_({SIGINT, SIGTERM, SIGHUP}) {}

Exit HookReviews::run() {
  if (const auto begun = proxy_.ask(control::Watch{}); !begun) return connection_failed(begun.error(), io_);
  for (;;) {
    if (const auto ok = take_replies(); !ok) return connection_failed(ok.error(), io_);
    if (const auto ok = serve_jobs(); !ok) return connection_failed(ok.error(), io_);
    start_jobs();
    wait();
    if (const int signal = signals_.take(); signal != 0) return interrupted(signal);
  }
}

/// What runs is ended, and nothing decided.
Exit HookReviews::interrupted(int signal) {
  if (jobs_.empty()) return Exit::ok;
  for (const auto& job : jobs_) undecided(*job.item, "interrupted");
  return signal == SIGINT ? Exit::interrupted : Exit::terminated;
}

void HookReviews::undecided(const pipeline::HeldItem& item, std::string_view why) {
  complain(io_, kName,
           fmt::format("{}: {} (nothing is decided: {} in {})", to_text(item.id), why, name(item.on_timeout),
                       formats::time_left(item, SystemClock().now_ns())));
}

Result<void> HookReviews::take_replies() {
  for (;;) {
    const auto reply = proxy_.receive(milliseconds(0));
    if (!reply) return std::unexpected(reply.error());
    if (!*reply) return {};
    take_reply(**reply);
  }
}

void HookReviews::take_reply(const control::Reply& reply) {
  if (const auto* held = std::get_if<control::Held>(&reply.body)) {
    queued_[held->item->id] = queue_.insert(queue_.end(), held->item);
  } else if (const auto* settled = std::get_if<pipeline::Settled>(&reply.body)) {
    const auto found = queued_.find(settled->id);
    if (found == queued_.end()) return;
    queue_.erase(found->second);
    queued_.erase(found);
  } else if (const auto found = open_.find(reply.serial); found != open_.end()) {
    const auto* answer = std::get_if<pipeline::ReviewAnswer>(&reply.body);
    const auto* refusal = std::get_if<control::Refusal>(&reply.body);
    if (answer != nullptr && answer->result != pipeline::ReviewAnswer::Result::ok)
      complain(io_, kName, fmt::format("{}: {}", to_text(found->second), answer_text(*answer)));
    if (refusal != nullptr)
      complain(io_, kName, fmt::format("{}: refused: {}", to_text(found->second), refusal->reason));
    open_.erase(found);
  }
}

void HookReviews::start_jobs() {
  while (jobs_.size() < options_.jobs && !queue_.empty()) {
    const auto item = std::move(queue_.front());
    queue_.pop_front();
    queued_.erase(item->id);
    std::string input;
    formats::held_json(input, *item);
    const auto patience = options_.timeout.count() != 0 ? options_.timeout : kForever;
    auto hook = Hook::start(options_.command, std::move(input), Hook::Clock::now() + patience);
    if (hook) {
      jobs_.push_back({item, std::move(*hook)});
    } else {
      undecided(*item, "the command cannot be started: " + hook.error().text());
    }
  }
}

Result<void> HookReviews::serve_jobs() {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    Hook& hook = job->hook;
    if (hook.input() >= 0) hook.write_some();
    hook.read_some();
    const bool late = Hook::Clock::now() >= hook.deadline();
    if (!hook.ended() && !late) {
      ++job;
      continue;
    }
    if (!hook.ended()) {
      undecided(*job->item, fmt::format("the command said nothing within {} and is ended",
                                        format_duration(options_.timeout)));
    } else if (const auto failure = hook.failure(); !failure.empty()) {
      undecided(*job->item, "the command failed: " + failure);
    } else if (auto ok = decide(*job); !ok) {
      return ok;
    }
    job = jobs_.erase(job);
  }
  return {};
}

Result<void> HookReviews::decide(const Job& job) {
  const auto& said = job.hook.said();
  if (formats::says_nothing(said)) return send({.id = job.item->id, .action = Review::Action::release});
  auto decision = formats::read_decision(said, job.item->id);
  if (decision) return send(std::get<Review>(std::move(decision->wish)));
  undecided(*job.item, "what the command says is no decision: " + decision.error().why);
  return {};
}

Result<void> HookReviews::send(Review review) {
  const auto id = review.id;
  const auto serial = proxy_.send(control::Decide{std::move(review)});
  if (serial) {
    open_.emplace(*serial, id);
    return {};
  }
  if (serial.error().code != std::errc::message_size) return std::unexpected(serial.error());
  complain(io_, kName, fmt::format("{}: {}", to_text(id), serial.error().text()));
  return {};
}

void HookReviews::wait() {
  std::vector<pollfd> waits = {{proxy_.descriptor(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  auto until = Hook::Clock::time_point::max();
  for (const auto& job : jobs_) {  // poll() passes over what is negative
    waits.push_back({job.hook.input(), POLLOUT, 0});
    waits.push_back({job.hook.output(), POLLIN, 0});
    waits.push_back({job.hook.process(), POLLIN, 0});
    until = std::min(until, job.hook.deadline());
  }
  int timeout = proxy_.patience_ms();
  if (!jobs_.empty()) {
    const auto left = std::chrono::ceil<milliseconds>(until - Hook::Clock::now()).count();
    const auto due = static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 60'000));
    timeout = timeout < 0 ? due : std::min(timeout, due);
  }
  ::poll(waits.data(), waits.size(), timeout);
}

}  // namespace wstap::cmd

// SPDX-License-Identifier: Apache-2.0
#include "cmd/jsonl_reviews.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "cmd/control_access.h"
#include "cmd/output.h"
#include "formats/decision_json.h"
#include "formats/review_json.h"
#include "libcore/control/errors.h"

namespace wstap::cmd {
namespace {

using pipeline::ReviewAnswer;

// Beyond that, items wait where they are until somebody reads; decisions go on, so that this ends.
constexpr std::size_t kBacklog = 8U << 20;

}  // namespace

JsonlReviews::JsonlReviews(control::Client& proxy, Io& io)
    : proxy_(proxy), io_(io), lines_(STDIN_FILENO, formats::kLongestDecision) {}

void JsonlReviews::answer(std::string_view id, const ReviewAnswer& answer) {
  formats::answer_json(out_, id, answer);
}

void JsonlReviews::take_reply(const control::Reply& reply) {
  if (const auto* held = std::get_if<control::Held>(&reply.body))
    return formats::held_json(out_, *held->item);
  const auto found = open_.find(reply.serial);
  if (found == open_.end()) return;
  if (const auto* came = std::get_if<ReviewAnswer>(&reply.body)) answer(found->second, *came);
  if (const auto* refusal = std::get_if<control::Refusal>(&reply.body))
    answer(found->second, {.result = ReviewAnswer::Result::refused, .reason = refusal->reason});
  open_.erase(found);
}

Result<void> JsonlReviews::take_replies() {
  while (unwritten() < kBacklog) {
    const auto reply = proxy_.receive(std::chrono::milliseconds(0));
    if (!reply) return std::unexpected(reply.error());
    if (!*reply) break;
    take_reply(**reply);
  }
  return {};
}

Result<void> JsonlReviews::decide(std::string_view line) {
  auto decision = formats::read_decision(line);
  if (!decision) {
    answer(decision.error().id, {.result = ReviewAnswer::Result::refused, .reason = decision.error().why});
    return {};
  }
  const auto send = [&](auto&& wish) {
    using Wish = std::decay_t<decltype(wish)>;
    if constexpr (std::is_same_v<Wish, pipeline::Review>)
      return proxy_.send(control::Decide{std::move(wish)});
    else
      return proxy_.send(control::Inject{std::move(wish)});
  };
  const auto serial = std::visit(send, std::move(decision->wish));
  if (serial) {
    open_.emplace(*serial, std::move(decision->id));
    return {};
  }
  if (serial.error().code != std::errc::message_size) return std::unexpected(serial.error());
  answer(decision->id, {.result = ReviewAnswer::Result::refused, .reason = serial.error().text()});
  return {};
}

Result<void> JsonlReviews::take_lines() {
  while (const auto line = lines_.next()) {
    if (line->too_long) {
      answer({}, {.result = ReviewAnswer::Result::refused,
                  .reason = fmt::format("a line has at most {} bytes", formats::kLongestDecision)});
    } else if (!formats::says_nothing(line->text)) {
      if (auto ok = decide(line->text); !ok) return ok;
    }
  }
  return {};
}

bool JsonlReviews::write_some() {
  // A pipe that is ready takes so much without a wait, which would keep us from reading what is sent.
  const auto put =
      ::write(STDOUT_FILENO, out_.data() + written_, std::min<std::size_t>(unwritten(), PIPE_BUF));
  if (put < 0) return errno == EINTR || errno == EAGAIN;
  written_ += static_cast<std::size_t>(put);
  if (written_ == out_.size()) {
    out_.clear();
    written_ = 0;
  } else if (written_ > kBacklog) {  // so that each byte is moved about once
    out_.erase(0, written_);
    written_ = 0;
  }
  return true;
}

bool JsonlReviews::write_all() {
  while (unwritten() != 0)
    if (!write_some()) return false;
  return true;
}

Exit JsonlReviews::lost(const Error& error) {
  const char* reason = error.code == control::Errc::timed_out
                           ? "the proxy does not answer; it may still be done when it goes on"
                           : "the proxy is gone";
  for (const auto& [serial, id] : open_)
    answer(id, {.result = ReviewAnswer::Result::refused, .reason = reason});
  write_all();
  return connection_failed(error, io_);
}

Exit JsonlReviews::run() {
  if (const auto begun = proxy_.ask(control::Watch{}); !begun) return lost(begun.error());
  for (;;) {
    if (const auto ok = take_replies(); !ok) return lost(ok.error());
    if (lines_.ended() && open_.empty()) return write_all() ? Exit::ok : output_failed(io_);
    // poll() passes over what is negative.
    const int in = lines_.ended() ? -1 : lines_.descriptor();
    const int from_proxy = unwritten() < kBacklog ? proxy_.descriptor() : -1;
    const short writing = unwritten() != 0 ? POLLOUT : 0;
    std::array<pollfd, 3> waits = {pollfd{in, POLLIN, 0}, pollfd{from_proxy, POLLIN, 0},
                                   pollfd{STDOUT_FILENO, writing, 0}};
    const int patience = from_proxy >= 0 ? proxy_.patience_ms() : -1;
    if (::poll(waits.data(), waits.size(), patience) < 0) continue;
    if (waits[0].revents != 0) {
      lines_.read_some();
      if (const auto ok = take_lines(); !ok) return lost(ok.error());
    }
    if (waits[2].revents == 0) continue;
    // Who reads the answers is gone: so is who would decide.
    if (writing == 0) return Exit::ok;
    if (!write_some()) return output_failed(io_);
  }
}

}  // namespace wstap::cmd
